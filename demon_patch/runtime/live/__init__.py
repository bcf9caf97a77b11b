"""A performance against the clock of a loudspeaker: host, document, tick loop, scheduled edits, recording."""
