"""Patch files: format, migrations, schema, packs, patches inside sound files."""
