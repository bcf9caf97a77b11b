"""Measures how good an embedded model is: `demon-patch bench nano-quality`."""
