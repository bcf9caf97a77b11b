"""Measures what the canvas costs, beside the node editor that Dear PyGui brings."""
