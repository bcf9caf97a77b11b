"""Strokes of kicks, snares and hats, told apart by energy, one number each per latent frame.

A stroke is energy that was not there a moment ago. Whatever is struck puts some energy everywhere: a kick clicks, a
snare hisses, a hat rings below. So a third of the spectrum counts as struck only where its new energy is more than what
leaks into it from the strokes beside it. How much leaks is learnt from the sound itself: from the strokes of the
latest bars, the cleaner quarter of them. Snares are told by what lasts longer than a click. Where a kick or a snare
hides a hat, a hat is told if the high energy is that of the hats heard alone and, beside a snare, if one is due.

Nothing looks ahead, and nothing depends on how the frames are cut into pieces: `Strokes` keeps what it needs. No torch.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PARTS: Final = ("low", "middle", "high")
"""Kicks and bass, to 350 Hz; snares and voices, to 2 kHz; hats, above."""

TOP_DB = 60.0
"""A stroke of 1 is this far above what may leak."""

_HOPS = 4  # looks per frame
_GROUPS: Final = {
    "bottom": (25.0, 62.0),
    "kick": (62.0, 100.0),
    "punch": (100.0, 150.0),
    "body": (150.0, 350.0),
    "middle": (350.0, 2000.0),
    "presence": (2000.0, 5000.0),
    "air": (5000.0, 12_000.0),
}  # Hz
_SUB = ("bottom", "kick", "punch")  # apart, so that a kick is heard over a bass note
_LOW = (*_SUB, "body")  # heard in a window of a frame, the others in half of one

# A group is new where its energy is so many times that of the looks [near, far] before.
_NEW: Final = {**dict.fromkeys(_SUB, (4, 14, 2.2)), "body": (4, 8, 1.6), "lasting": (4, 8, 2.0), "middle": (2, 5, 1.6),
               "presence": (2, 5, 1.6), "air": (2, 5, 1.6), "lasting_high": (4, 7, 1.6)}  # fmt: skip
_SWELLS = 1.15  # times that the whole low third grows where a part of it is new
_MEMORY = 14  # looks kept for that

_FLOOR = 1e-8  # mean square of what is never a stroke: -80 dBFS
_RELATIVE: Final = {"low": 10**-2.8, "middle": 10**-4.4, "high": 10**-4.4}  # of the loudest look
_FADES = 0.998  # of the loudest look, a frame: 8 dB in 40 s at 25 frames a second
_LATEST = 12  # strokes that a leak is learnt from
_MARGIN = 4.0  # dB above a leak that was learnt
_MOST: Final = {"kick in middle": 0.0, "hat in middle": -9.0, "kick in high": -20.0}  # dB: leaks that are believed
_LEAST = -60.0  # dB
_INTO_LOW = 0.2  # share of body, middle and high that may leak into the low third
_BODY = 0.001  # share of the body that may leak into the middle
_PLAIN_BODY = 30.0  # times its high energy: a body that is no snare's
_HAT = 12.0  # times its middle energy: a high stroke that is no snare's
_AIRY = 4.0  # times its presence: air that is no snare's
_STRUCK = 0.0275  # a stroke that is one at the Onset node's own sensitivity


class Strokes:
    """Tells strokes in a sound that comes frame by frame. Owned by one thread.

    rate: samples a second; a frame has `samples_per_frame`.
    """

    def __init__(self, rate: float, samples_per_frame: int) -> None:
        self._per = per = samples_per_frame
        self._ends = [round(per * (n + 1) / _HOPS) for n in range(_HOPS)]
        self._views = [_View(rate, per, _LOW), _View(rate, max(per // 2, 2), [g for g in _GROUPS if g not in _LOW])]
        self._before = np.zeros(per)
        self._looks = {name: np.zeros(_MEMORY + 2) for name in _GROUPS}
        self._frames = {
            name: deque([0.0] * 4, maxlen=4) for name in (*_NEW, "sub", "high", "quietest middle", "quietest high")
        }
        self._leaks = {name: deque[float](maxlen=_LATEST) for name in _MOST}
        self._loudest = 0.0
        self._kick = self._air = 0.0  # the strongest of late
        self._hat = self._hat_lasting = 0.0  # high energy of hats that are heard alone, at first and later on
        self._since = 99  # frames since the latest high stroke
        self._gaps = deque[int](maxlen=4)

    def push(self, frames: Array) -> Array:
        """The next frames [n, samples_per_frame] in; the strokes [n, PARTS] in them, 0 for none, at most 0.5 each."""
        sound = np.concatenate([self._before, frames.ravel()])
        self._before = sound[len(sound) - self._per :]
        ends = (np.arange(len(frames))[:, None] * self._per + self._ends).ravel() + self._per
        found = {name: power for view in self._views for name, power in view.powers(sound, ends).items()}
        looks = {name: np.concatenate([self._looks[name], found[name]]) for name in _GROUPS}
        self._looks = {name: powers[len(powers) - (_MEMORY + 2) :] for name, powers in looks.items()}
        high = looks["presence"] + looks["air"]
        heard = {name: powers[2:] for name, powers in looks.items()}
        heard["lasting"] = np.minimum(looks["middle"][2:], looks["middle"][:-2])
        heard["lasting_high"] = np.minimum(high[2:], high[:-2])
        new = {name: _new(heard[name], *_NEW[name]) for name in _NEW}
        whole = _new(np.sum([heard[name] for name in _LOW], axis=0), 4, 14, _SWELLS) > 0
        new |= {name: new[name] * whole for name in _SUB}  # a tone that falls is new in one band and gone in another
        new = {name: looks.reshape(-1, _HOPS).max(axis=1) for name, looks in new.items()}
        rest = {"quietest middle": _by_frame(looks["middle"]).min(axis=1), "quietest high": _by_frame(high).min(axis=1)}
        total = _by_frame(np.sum([looks[name] for name in _GROUPS], axis=0)).max(axis=1)
        rows = {**new, **rest}
        told = [self._frame({k: float(row[n]) for k, row in rows.items()}, float(total[n])) for n in range(len(frames))]
        return np.array(told).reshape(len(frames), len(PARTS))

    def _frame(self, now: dict[str, float], total: float) -> tuple[float, float, float]:
        """The strokes of a frame from the new energy in it, by group."""
        now["high"] = now["presence"] + now["air"]
        now["sub"] = sum(now[name] for name in _SUB)
        for name, past in self._frames.items():
            past.append(now[name])
        self._loudest = max(self._loudest * _FADES, total)
        low, middle = self._low(now), self._middle(now)
        high = self._high(now, struck=middle > _STRUCK)
        if high > _STRUCK and self._since > 2:
            self._gaps.append(self._since)
            self._since = 0
        self._since += 1
        self._learn()
        return low, middle, high

    def _least(self, part: str) -> float:
        return self._loudest * _RELATIVE[part] + _FLOOR

    def _most(self, name: str, frames: int) -> float:
        """The most new energy of a group in the latest frames."""
        return max(list(self._frames[name])[-frames:])

    def _leak(self, name: str) -> float:
        known = sorted(self._leaks[name])
        learnt = known[len(known) // 4] + _MARGIN if known else math.inf
        return 10.0 ** (min(learnt, _MOST[name]) / 10.0)

    def _low(self, now: dict[str, float]) -> float:
        own = now["sub"] + max(now["body"] - _PLAIN_BODY * self._most("high", 2), 0.0)
        beside = self._most("body", 2) + self._most("lasting", 4) + self._most("high", 4)
        return _above(own, _INTO_LOW * beside + self._least("low"))

    def _middle(self, now: dict[str, float]) -> float:
        leaks = self._leak("kick in middle") * self._most("sub", 3) + self._leak("hat in middle") * self._most("air", 2)
        return _above(now["lasting"], leaks + _BODY * self._most("body", 3) + self._least("middle"))

    def _high(self, now: dict[str, float], *, struck: bool) -> float:
        own = max(now["high"] - _HAT * self._most("middle", 2), now["air"] - _AIRY * self._most("presence", 2), 0.0)
        known = False
        if self._hat:
            if now["high"] > 0.4 * self._hat and self._gaps and abs(self._since - min(self._gaps)) <= 1:
                own = max(own, 0.5 * now["high"])
            kick = self._most("sub", 3) > 0 and not struck
            known = kick and now["lasting_high"] > 0.25 * self._hat_lasting
            own = max(own, now["lasting_high"]) if known else own
            known = known or now["high"] > 0.3 * self._hat
        least = self._least("high")
        leaks = self._leak("kick in high") * self._most("sub", 3) + least
        return _above(own, max(min(leaks, 0.15 * self._hat), least) if known else leaks)

    def _learn(self) -> None:
        """Learns from the frame before this one, where a kick or a hat was struck in it."""
        past = {name: list(frames)[-3:] for name, frames in self._frames.items()}
        sub, air = past["sub"], past["air"]
        middle = max(past["lasting"]) or past["quietest middle"][1]
        high = max(past["high"]) or past["quietest high"][1]
        self._kick, self._air = self._kick * 0.995, self._air * 0.995
        if _peak(sub):
            self._kick = max(self._kick, sub[1])
            if sub[1] > 0.03 * self._kick and sub[1] > 0.5 * max(past["body"]):
                self._leaks["kick in middle"].append(_decibels(middle / sub[1]))
                self._leaks["kick in high"].append(_decibels(high / sub[1]))
        if _peak(air):
            self._air = max(self._air, air[1])
            if air[1] > 0.03 * self._air:
                self._leaks["hat in middle"].append(max(_decibels(middle / air[1]), -40.0))
            alone = self._kick == 0 or max(sub) < 0.05 * self._kick
            hat = past["high"][1]
            if alone and hat > _HAT * max(past["middle"]) and hat > 2.0 * self._least("high"):
                share = 0.3 if self._hat else 1.0
                self._hat += share * (hat - self._hat)
                self._hat_lasting += share * (max(past["lasting_high"]) - self._hat_lasting)


class _View:
    """Energies of groups in a window that ends at a look."""

    def __init__(self, rate: float, size: int, names: list[str] | tuple[str, ...]) -> None:
        self._size, self._window = size, np.hanning(size + 1)[:-1]
        self._scale = 2.0 / (size * float(self._window @ self._window))
        hz = np.fft.rfftfreq(size, 1.0 / rate)
        self._groups = {name: slice(*np.searchsorted(hz, _GROUPS[name]).tolist()) for name in names}

    def powers(self, sound: Array, ends: NDArray[np.intp]) -> dict[str, Array]:
        """The mean square of each group [ends] in the windows of a sound that end at these samples."""
        pieces = np.lib.stride_tricks.sliding_window_view(sound, self._size)[ends - self._size]
        power = np.abs(np.fft.rfft(pieces * self._window, axis=1)) ** 2 * self._scale
        return {name: power[:, bins].sum(axis=1) for name, bins in self._groups.items()}


def _new(heard: Array, near: int, far: int, times: float) -> Array:
    """The new energy in each look: what is above the looks `near` to `far` before, where it is `times` as much."""
    looks = len(heard) - _MEMORY
    back = np.max([heard[_MEMORY - n : _MEMORY - n + looks] for n in range(near, far + 1)], axis=0)
    now = heard[_MEMORY:]
    return np.where(now > times * back, now - back, 0.0)


def _by_frame(looks: Array) -> Array:
    return looks[_MEMORY + 2 :].reshape(-1, _HOPS)


def _peak(three: list[float]) -> bool:
    return three[1] > 0 and three[1] >= three[0] and three[1] > three[2]


def _decibels(share: float) -> float:
    return max(10.0 * math.log10(max(share, 1e-15)), _LEAST)


def _above(own: float, leaks: float) -> float:
    """How far energy is above what may have leaked, of TOP_DB."""
    return min(max(10.0 * math.log10(own / leaks) / TOP_DB, 0.0), 0.5) if own > 0 else 0.0
