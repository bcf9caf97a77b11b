"""From a node's body to float code and array code: one pass a file. It knows no patch and no catalogue."""
