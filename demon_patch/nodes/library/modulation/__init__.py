"""Nodes of the category modulation."""
