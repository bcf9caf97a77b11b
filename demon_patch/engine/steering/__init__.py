"""Steering: vectors that are added to the outputs of a denoiser's blocks, each generation by its own depth."""
