"""Edits of a document: commands with inverses, history, the session of several clients, the overlay of live values."""
