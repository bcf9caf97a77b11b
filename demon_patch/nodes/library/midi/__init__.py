"""Nodes of the category midi."""
