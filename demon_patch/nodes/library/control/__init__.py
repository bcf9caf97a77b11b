"""Nodes of the category control."""
