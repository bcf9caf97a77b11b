"""What the bar says and where its parts lie. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from demon_patch.editor.layout.box import Rect
from demon_patch.editor.look import text as font

HEIGHT = 46.0
LEAST_DB, MOST_DB = -60.0, 12.0
Part = Literal[
    "logo", "title", "play", "clock", "tempo", "tap", "song", "volume", "levels", "lamp", "record", "clients"
]


def parts(width: float, title: str, model: str) -> dict[Part, Rect]:
    """Returns the rectangles of the bar's parts, by name. Parts for which a narrow window has no room are missing."""
    found: dict[Part, Rect] = {}

    def put(name: Part, left: float, wide: float) -> None:
        found[name] = (left, 4.0, left + wide, HEIGHT - 4.0)

    put("logo", 10.0, 32.0)
    title_wide = min(font.width(title, 18.0, True) + font.width(model, 15.0) + 30.0, max(width * 0.5 - 330.0, 60.0))
    put("title", 46.0, title_wide)
    middle = max(width / 2 - 170.0, 46.0 + title_wide + 10.0)
    put("play", middle, 34.0)
    put("clock", middle + 44.0, 66.0)
    put("tempo", middle + 112.0, 84.0)
    put("tap", middle + 198.0, 38.0)
    right = width - 12.0
    wide = width >= 1080.0
    levels_left = right - (340.0 if wide else 236.0)
    put("levels", levels_left, 130.0)
    put("volume", levels_left + 136.0, 96.0)
    if wide:
        put("lamp", right - 96.0, 96.0)
        put("clients", levels_left - 88.0, 40.0)
    if levels_left - 42.0 > found["tap"][2] + 8.0:
        put("record", levels_left - 42.0, 32.0)
    song_left = middle + 246.0
    song_right = min((rect[0] for rect in found.values() if rect[2] > song_left), default=right) - 14.0
    if song_right - song_left >= 60.0:
        put("song", song_left, min(song_right - song_left, 220.0))
    return found


def clock(status: Mapping[str, Any]) -> str:
    """Returns bar, beat and sixteenth as 5.4.1, counted from 1."""
    per_bar = float(status.get("beats_per_bar", 4.0)) or 4.0
    beats = float(status.get("beat", 0.0)) - float(status.get("metre_beat", 0.0))
    bar = math.floor(beats / per_bar + 1e-9)
    rest = max(beats - bar * per_bar, 0.0)
    sixteenth = math.floor(rest % 1.0 * 4.0 + 1e-9)
    return f"{bar + int(status.get('metre_bar', 0)) + 1}.{math.floor(rest) + 1}.{sixteenth + 1}"


def tempo(status: Mapping[str, Any]) -> str:
    """Returns the tempo as 120 bpm, with a decimal where it has one."""
    bpm = float(status.get("bpm", 120.0))
    return f"{bpm:.1f}".removesuffix(".0") + " bpm"


def volume(decibels: float) -> str:
    """Returns a level as −6.1 dB."""
    if decibels <= LEAST_DB:
        return "off"
    return f"{decibels:+.1f} dB".replace("-", "−").replace("+0.0", "0.0")


def device(status: Mapping[str, Any], words: str) -> str:
    """Returns in a few words how the host stands, if there is something to say: that it is not reached, that it
    begins, that there is no sound card. words: how the connection stands; empty while there is one."""
    if words:
        return words
    if not status:
        return ""
    if status.get("device_lost"):
        return "the sound device is lost: playing on without it"
    if status.get("device") in ("none", ""):
        return "no sound card: it plays silently, on its own clock"
    if status.get("starved", 0.0) and not status.get("begun", True):
        return "the first generation is on its way"
    return "" if status.get("begun", True) else "the first generation is on its way"


def lamp(status: Mapping[str, Any], late_before: int) -> tuple[str, str]:
    """Returns what the lamp says, and its colour's name in the theme. late_before: completions that were late some
    seconds ago."""
    tick = float(status.get("tick_ms", 0.0))
    if not tick:
        return "", "faint"
    late = int(status.get("late", 0)) - late_before
    if late > 0:
        return f"{late} late", "warning"
    return f"{tick:.0f} ms", "good"


def dragged_tempo(start: float, pixels: float, fine: bool) -> float:
    """Returns the tempo after a drag upward: a beat a minute for each 3 pixels, a tenth for each where fine."""
    made = start + pixels * (0.1 if fine else 1.0 / 3.0)
    return min(400.0, max(20.0, round(made, 1) if fine else round(made)))


def volume_at(share: float) -> float:
    """Returns the volume at a place of its slider, 0 to 1: 0 dB is at three quarters."""
    share = min(1.0, max(0.0, share))
    if share <= 0.0:
        return LEAST_DB
    return round(MOST_DB * (share - 0.75) / 0.25 if share > 0.75 else LEAST_DB * (1.0 - share / 0.75) ** 1.6, 1)


def volume_share(decibels: float) -> float:
    """Returns the place of a volume on its slider."""
    if decibels > 0.0:
        return min(1.0, 0.75 + 0.25 * decibels / MOST_DB)
    return 0.75 * (1.0 - (min(decibels, 0.0) / LEAST_DB) ** (1.0 / 1.6)) if decibels > LEAST_DB else 0.0
