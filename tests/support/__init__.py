"""Helpers of the tests: toy families, virtual loudspeakers, JACK servers, strategies."""
