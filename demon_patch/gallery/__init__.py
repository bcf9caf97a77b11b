"""The patches that come with the program, rendered, measured and shown on one page."""
