"""The mappings of a patch: controllers that turn its knobs."""
