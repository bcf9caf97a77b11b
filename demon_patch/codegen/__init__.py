"""Translates a node's body into float code and array code, with one pass in each file. It knows no patch and no
catalogue."""
