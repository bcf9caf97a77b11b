"""Plays a performance from a terminal: a view with keys, or one line a second."""
