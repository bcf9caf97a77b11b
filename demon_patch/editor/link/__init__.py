"""The connection of the editor to a host."""
