"""One denoising step: formulas, guidance, the velocity of a chunk's rows, corrections."""
