"""Nodes of the category analysis."""
