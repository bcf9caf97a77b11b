"""Edits of a document: commands with inverses, undo steps, edit sessions of several clients, overlays."""
