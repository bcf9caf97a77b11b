"""The document: frozen structs, commands with inverses, the file format."""
