"""Measurements behind the figures in the documentation; each returns plain data for a table or for JSON."""
