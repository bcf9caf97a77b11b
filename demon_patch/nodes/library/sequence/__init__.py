"""Nodes of the category sequence."""
