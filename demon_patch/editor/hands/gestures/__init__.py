"""The gestures: what happens from a press to its release. Each is a small class of its own."""
