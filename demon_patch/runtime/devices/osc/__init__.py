"""Open Sound Control: the addresses of a patch, and a server that hears them."""
