"""Measurements behind the figures in the documentation. Each returns plain data for a table or for JSON."""
