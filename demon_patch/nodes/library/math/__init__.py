"""Nodes of the category math."""
