"""Renders and measures the patches that come with the program, and shows them on one page."""
