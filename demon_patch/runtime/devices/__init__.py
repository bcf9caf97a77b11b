"""Controllers of a performance: MIDI devices and OSC messages."""
