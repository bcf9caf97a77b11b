"""Shows what a patch is compiled to: each stage of a node, and the program with its bus slots by name."""
