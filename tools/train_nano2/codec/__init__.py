"""Training and gate B of the stereo codec."""
