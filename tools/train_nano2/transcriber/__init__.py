"""Training and gate C of the transcriber."""
