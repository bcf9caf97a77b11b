"""Edits and readings of a patch that need to know what its nodes are."""
