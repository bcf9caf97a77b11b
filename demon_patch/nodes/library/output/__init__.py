"""Nodes of the category output."""
