"""Generations in flight: requests, slots, when they are admitted, their timesteps and noise."""
