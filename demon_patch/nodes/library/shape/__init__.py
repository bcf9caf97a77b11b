"""Nodes of the category shape."""
