"""Training and gate D of the denoiser."""
