"""Nodes of the category conditioning."""
