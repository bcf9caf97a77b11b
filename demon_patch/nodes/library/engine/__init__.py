"""Nodes of the category engine."""
