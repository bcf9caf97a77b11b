"""The commands of the command line, one module a command or a group of them; `demon_patch.cli` names them all."""
