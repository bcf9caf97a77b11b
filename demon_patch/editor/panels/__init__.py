"""Bar, song strip, popups and lists around the canvas."""
