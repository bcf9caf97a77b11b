"""The wire: other programs see and play a running performance, by messages in msgpack over a WebSocket."""
