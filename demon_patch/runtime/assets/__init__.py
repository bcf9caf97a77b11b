"""Files that a patch names, packs of them, and files that a performance writes."""
