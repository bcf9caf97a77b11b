"""The training clips of the second embedded model: scores of our composer in several sounds, with exact labels."""
