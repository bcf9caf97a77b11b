"""MIDI: ports, messages, notes, controllers and clocks."""
