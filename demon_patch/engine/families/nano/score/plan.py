"""The plan of a song: its bars, key, chords and which parts play where."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.habits import Habit
from demon_patch.engine.families.nano.score.harmony import MODES, Chord, Tonality, draw_chords, voiced
from demon_patch.engine.families.nano.score.notes import FRAME_RATE, PARTS
from demon_patch.engine.families.nano.score.wishes import Odds, Wishes

SLOWEST, FASTEST = 60.0, 190.0
_BAND = 3
_STEADY = 0.8  # of phrases, a part does what it does in the song as a whole


@dataclass(frozen=True, slots=True)
class Plan:
    """The decisions that all parts of a song share.

    bars: of the loop. start: bar of the music with which the loop begins.
    phrase: bars of a phrase. half_bars: how many half bars a chord lasts.
    voicings: MIDI keys of each chord. layers: the parts that play in each phrase.
    """

    style: str
    bars: int
    tonality: Tonality
    start: int
    phrase: int
    half_bars: int
    chords: tuple[Chord, ...]
    voicings: tuple[tuple[int, ...], ...]
    layers: tuple[frozenset[str], ...]
    free_rhythms: bool
    free_melody: bool

    def place(self, bar: int) -> int:
        """Returns the bar of the music that is played in a bar of the loop."""
        return bar + self.start

    def plays(self, bar: int, part: str) -> bool:
        """Returns whether a part plays in a bar of the loop."""
        return part in self.layers[(self.place(bar) // self.phrase) % len(self.layers)]

    def chord_number(self, step: int) -> int:
        """Returns the number, in the progression, of the chord that sounds at a step of the loop."""
        return (self.place(0) * 2 + step // 8) // self.half_bars % len(self.chords)


def whole_bars(frames: int, bpm: float, fits: tuple[float, float], any_number: bool) -> tuple[int, float]:
    """Returns a number of bars and the tempo in bpm, near `bpm`, at which they fill `frames` (25 a second) exactly.

    Of the bar counts whose tempo lies within `fits` (lowest and highest bpm), a multiple of four is preferred, then of
    two, unless `any_number`. Where no bar count fits, the one with the nearest tempo is taken.
    """
    minutes = frames / FRAME_RATE / 60
    nearest = max(round(bpm * minutes / 4), 1)
    fitting = [bars for bars in range(1, 2 * nearest + 2) if fits[0] <= bars * 4 / minutes <= fits[1]] or [nearest]
    sizes = (1,) if any_number else (4, 2, 1)
    size = next(size for size in sizes if any(bars % size == 0 for bars in fitting))
    bars = min((b for b in fitting if b % size == 0), key=lambda b: abs(b * 4 / minutes - bpm))
    return bars, bars * 4 / minutes


def draw_plan(draws: Draws, style: str, habit: Habit, frames: int, wishes: Wishes, odds: Odds) -> tuple[Plan, float]:
    """Returns the plan of a song of `frames` (25 a second), and its tempo in bpm; what `wishes` ask for is
    fulfilled."""
    drawn, fits = draws.between(*habit.bpm), habit.bpm
    if draws.chance(odds.any_tempo):
        drawn, fits = draws.ratio(SLOWEST, FASTEST), (SLOWEST, FASTEST)
    if wishes.bpm is not None:
        drawn, fits = wishes.bpm, (wishes.bpm * 0.99, wishes.bpm * 1.01)
    bars, bpm = whole_bars(frames, drawn, fits, draws.chance(odds.odd_bars))
    mode = draws.pick(MODES, habit.modes)
    key = draws.whole(0, 11)
    tonality = Tonality(key if wishes.key is None else wishes.key, wishes.mode or mode)
    chords = draw_chords(draws, habit.shapes, draws.chance(odds.free))
    phrase = 8 if bars >= 8 and draws.chance(0.35) else 4
    layers = _layers(Draws(draws.seed()), habit, -(-bars // phrase), wishes, odds)
    plan = Plan(
        style=style,
        bars=bars,
        tonality=tonality,
        start=draws.whole(0, 7) if draws.chance(0.5) else 0,
        phrase=phrase,
        half_bars=draws.pick((1, 2, 4), habit.bars),
        chords=tuple(chords),
        voicings=_voicings(draws, tonality, chords),
        layers=layers,
        free_rhythms=draws.chance(odds.free),
        free_melody=draws.chance(odds.free),
    )
    return plan, bpm


def _voicings(draws: Draws, tonality: Tonality, chords: list[Chord]) -> tuple[tuple[int, ...], ...]:
    low, inverted = draws.whole(48, 57), draws.chance(0.7)
    found: list[list[int]] = []
    for chord in chords:
        found.append(voiced(tonality.tones(chord), found[-1] if found else None, low, inverted))
    return tuple(tuple(keys) for keys in found)


def _layers(draws: Draws, habit: Habit, phrases: int, wishes: Wishes, odds: Odds) -> tuple[frozenset[str], ...]:
    """Returns the parts that play in each phrase: mostly one set of them, varied a little."""
    asked = {part for part, wanted in wishes.parts.items() if wanted}
    refused = {part for part, wanted in wishes.parts.items() if not wanted}
    thin, silent, drumless = draws.chance(odds.thin), draws.chance(odds.silent), draws.chance(odds.drumless)
    chances = dict(zip(PARTS, habit.parts, strict=True))
    if thin and not asked:
        few = set() if silent else set(draws.some(PARTS, draws.whole(1, 2))) - refused
        return tuple(frozenset(few) for _ in range(phrases))
    if drumless and "drums" not in asked:
        refused.add("drums")
    base = {part for part in PARTS if draws.chance(chances[part])}
    if len(base - refused) < _BAND and draws.chance(0.85):
        base |= set(sorted(chances, key=lambda part: -chances[part] * draws.share())[:_BAND])
    found = []
    for _ in range(phrases):
        now = {part for part in PARTS if (part in base if draws.chance(_STEADY) else draws.chance(chances[part]))}
        found.append((now | asked) - refused)
    allowed = [part for part in ("chords", "bass", "lead", "arp", "drums") if part not in refused]
    if allowed and not any(now - {"drums"} for now in found):
        found = [now | {allowed[0]} for now in found]
    return tuple(frozenset(now or set(allowed[:1])) for now in found)
