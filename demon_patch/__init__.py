"""A modular synthesizer whose oscillator is a diffusion model."""

__version__ = "0.1.0"
