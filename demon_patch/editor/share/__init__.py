"""Sharing a patch: its graph as a picture, one HTML file with sound and patch, and what is done with a file that is
dropped on the window. Everything here works without a window."""
