"""The live displays of nodes: one class for each word that a node type may declare as its display.

`Canvas.display(node, data)` gives a display its data. Keys that a call leaves out keep their last value.

Signals are arrays [signals, control frames] in the signals' units, the oldest frame first, NaN where nothing is known;
the newest frame is what is heard now. A list of numbers stands for one frame. A gate has its level, or 1 where it rose.

| kind | signals | other keys |
|---|---|---|
| all | | names, ranges (lo, hi) and units of the signals by key, as {key: [...]}; dt (seconds a frame) |
| scope | value, gate | |
| number | value, gate | |
| dial | value, gate | |
| bars | value, row | |
| meter | level, knob | levels (of each channel, 0 to 1), peaks (same) |
| lamp | gate, value | |
| threshold | signal, mark, gate, value | |
| steps | step, place, gate, knob, value | text (of a pattern) |
| polygon | round (named steps, strokes, rotation), place, gate | start ("tidal" or "even") |
| switch | input, share, place, value | |
| shares | share, value | |
| cycle | place (share of the cycle), value, knob (named width, phase) | shape (the option) |
| phase | value, gate | |
| envelope | part (named attack, hold, decay, sustain, release), value, gate | curve ("straight" or "exponential") |
| line | place (in the unit of the points), value | points [(x, y)] |
| curve | | curve (numbers over the song) or points [(x, y)], range (lo, hi), now (0 to 1) |
| transfer | in, value | curve (what goes out over the range of what comes in) |
| formula | input, value | text |
| pad | value (x, y) | |
| map | listener (x, y), place (all x, then all y), share | wired (of each place) |
| keys | value (named pitch or pitch_n), gate | |
| surface | gain | |
| text | | text, unknown (words), playing |
| wave | | peaks (0 to 1); now, loop (from, to), window (from, to) as shares of the length |
| tape | | name, seconds, bytes, running, levels |
| ring | window (named from, to), value, gate | depth, beads [(position, strength)], finished, heard_in, tick (s) |
| lanes | control | lanes {name: numbers over the song}, now |
| probe | value or gate, forecast | |
"""

from __future__ import annotations

from demon_patch.editor.canvas.displays.base import Picture
from demon_patch.editor.canvas.displays.gates import Keys, Lamp, Polygon, Steps, Switch
from demon_patch.editor.canvas.displays.numbers import Bars, Dial, Formula, Meter, Number, Phase
from demon_patch.editor.canvas.displays.places import Map
from demon_patch.editor.canvas.displays.probe import Trail
from demon_patch.editor.canvas.displays.shapes import CurveLine, Cycle, Envelope, Line, Transfer
from demon_patch.editor.canvas.displays.signals import Pad, Scope, Shares, Threshold
from demon_patch.editor.canvas.displays.song import Lanes, Ring, Surface, Tape, Text, Wave

KINDS: dict[str, type[Picture]] = {
    "scope": Scope, "number": Number, "dial": Dial, "bars": Bars, "meter": Meter, "lamp": Lamp, "threshold": Threshold,
    "steps": Steps, "polygon": Polygon, "switch": Switch, "shares": Shares, "cycle": Cycle, "phase": Phase,
    "envelope": Envelope, "line": Line, "curve": CurveLine, "transfer": Transfer, "formula": Formula, "pad": Pad,
    "map": Map, "keys": Keys, "surface": Surface, "text": Text, "wave": Wave, "tape": Tape, "ring": Ring,
    "lanes": Lanes, "probe": Trail,
}  # fmt: skip
"""The class of each kind; a kind that is missing here, such as "none", has no picture."""
