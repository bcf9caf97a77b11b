"""Nodes of the category logic."""
