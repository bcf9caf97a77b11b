"""A synthesizer of our own that plays scores in the sounds of sixteen styles, in stereo at 48 kHz."""

from demon_patch.engine.families.nano.synth.instruments import INSTRUMENTS, SOUNDS
from demon_patch.engine.families.nano.synth.patches import KINDS
from demon_patch.engine.families.nano.synth.render import Setup, render
from demon_patch.engine.families.nano.synth.song import Song, compose_song, played
from demon_patch.engine.families.nano.synth.waves import RATE

__all__ = ["INSTRUMENTS", "KINDS", "RATE", "SOUNDS", "Setup", "Song", "compose_song", "played", "render"]
