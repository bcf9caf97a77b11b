"""The node library: one declaration a node, found by lying in one of these folders."""
