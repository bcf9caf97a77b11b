"""Playing from a terminal: a view with keys, or a line a second."""
