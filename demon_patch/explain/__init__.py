"""Shows what a patch is compiled to: each stage of a node, and the program with the names of its bus slots."""
