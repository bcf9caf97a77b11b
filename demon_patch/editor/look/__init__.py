"""Colours, fonts, sizes and textures of the editor."""
