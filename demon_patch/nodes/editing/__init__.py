"""Edits and inspects patches with the catalogue, where the ports of node types matter."""
