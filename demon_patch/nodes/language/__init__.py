"""How a node is declared: ports, outputs, options, tapers, shared arithmetic."""
