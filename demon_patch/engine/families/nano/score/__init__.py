"""Scores: songs as notes, composed from a style and a seed, and their exact hints. Needs numpy only."""

from demon_patch.engine.families.nano.score.composer import compose_score
from demon_patch.engine.families.nano.score.habits import STYLES
from demon_patch.engine.families.nano.score.harmony import MODES
from demon_patch.engine.families.nano.score.notes import DRUM_CLASSES, PARTS, Note, Score, drum_class
from demon_patch.engine.families.nano.score.roll import SCORE_CHANNELS, score_hints
from demon_patch.engine.families.nano.score.wishes import SONG, TRAINING, Odds, Wishes

__all__ = [
    "DRUM_CLASSES",
    "MODES",
    "PARTS",
    "SCORE_CHANNELS",
    "SONG",
    "STYLES",
    "TRAINING",
    "Note",
    "Odds",
    "Score",
    "Wishes",
    "compose_score",
    "drum_class",
    "score_hints",
]
