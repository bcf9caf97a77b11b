"""The node library: one declaration a node, from which ports, code, checks, palette, docs and tests are derived."""
