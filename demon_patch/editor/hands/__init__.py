"""From pointer and keys to edits of the document; pure, without a window."""
