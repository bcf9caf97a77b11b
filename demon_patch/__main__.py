"""`python -m demon_patch` is the command `demon-patch`."""

from demon_patch.cli import main

main()
