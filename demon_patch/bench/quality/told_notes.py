"""Measures how well a model obeys notes that a patch tells it: those of a sequencer, and those of a keyboard.

A sequencer's tunes are rendered, and basic-pitch looks for their notes in the sound; beside it the same notes are
played by the composer's synthesizer and sent through the codec, which is the most that the model could reach. Keys are
pressed while a host plays through the sound device: a key is heard in the latent frame in which its pitch is louder
than in the pass before by a quarter of what it rises in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import Any

import numpy as np

from demon_patch.arrays import Array, Samples
from demon_patch.bench.cover import cover
from demon_patch.bench.live import CARD, HEARD, wait
from demon_patch.bench.notes import Note, f1, transcriber
from demon_patch.bench.quality.songs import RATE, sounding
from demon_patch.bench.quality.through import as_heard, through_codec
from demon_patch.engine.families.nano.score import Score
from demon_patch.engine.families.nano.score.notes import FRAME_RATE
from demon_patch.engine.families.nano.score.notes import Note as Written
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.offline import render
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.runtime.descriptors import smooth
from demon_patch.runtime.live.host import Host

BPM, STEPS, SECONDS = 120.0, 8, 16.0
SCALE = (0, 2, 3, 5, 7, 8, 10, 12, 14, 15, 17, 19)
LOWEST = {"bass": 36, "lead": 62}
STYLES = ("house", "synthwave", "chiptune", "jazz")
_BEAT = 60.0 / BPM
_RANGE = 24.0  # semitones of a sequencer's knob

HELD_SECONDS, REST_SECONDS = 1.2, 4.0
PRESSES = 20
KEYS = (71, 77, 74)
"""That are pressed in turn: in the scale, and no two of them share a partial that counts. Four are pressed in each pass
of the song, so that the pass before, with which a press is compared, has another key there."""
CLEAR = 4.0


def _told(clip: dict[str, Any], words: str, **scheduler: Any) -> tuple[dict[str, Node], list[Cable]]:
    """The nodes and cables of a cover whose Scheduler has a Notes node."""
    given = {"strength": 1.0, "seed": 7, **scheduler}
    nodes, cables = cover(clip, words, given, {"state": Node("step_state")})
    return {**nodes, "notes": Node("notes")}, [*cables, Cable("notes", "score", "scheduler", "score")]


def sequenced(part: str, keys: list[int], words: str, structure: float) -> Patch:
    """A patch whose sequencer plays so many keys, one a beat, on a part, in place of the notes of its clip."""
    nodes, cables = _told(
        {"style": "ambient, no drums", "seconds": SECONDS, "seed": 7}, words, structure=structure, score_mode="replace"
    )
    steps = {f"v{n}": (key - LOWEST[part]) / _RANGE for n, key in enumerate(keys, 1)}
    nodes["tune"] = Node("step_sequencer", values={**steps, "length": len(keys), "beats": 1.0, "width": 0.8})
    nodes["notes"] = Node("notes", values={f"{part}_pitch1": float(LOWEST[part])})
    cables += [
        Cable("tune", "out", "notes", f"{part}_pitch1", mode="add", depth=_RANGE / 127),
        Cable("tune", "gate", "notes", f"{part}_gate1"),
    ]
    return Patch(song=Song(bpm=BPM), nodes=nodes, cables=tuple(cables))


def tune(part: str, seed: int) -> list[int]:
    """The keys of a drawn tune, of which no two that follow each other are equal."""
    rng, keys = np.random.default_rng(seed), list[int]()
    while len(keys) < STEPS:
        key = LOWEST[part] + SCALE[int(rng.integers(len(SCALE)))]
        if not keys or key != keys[-1]:
            keys.append(key)
    return keys


def obeyed(session: Session, part: str, tunes: int = 8, structure: float = 0.0) -> dict[str, Any]:
    """How many of a sequencer's notes are found in what the model plays, as F1, beside the synthesizer's sound and that
    through the codec. Raises DemonError where basic-pitch is not installed."""
    hear = transcriber()
    if hear is None:
        raise DemonError("basic-pitch is not installed, which looks for the notes", mend="see demon_patch.bench.notes")
    found: dict[str, list[float]] = {"true": [], "codec": [], "model": []}
    for number in range(tunes):
        keys, style = tune(part, number), STYLES[number % len(STYLES)]
        count = round(SECONDS / _BEAT)
        notes = [Note(n * _BEAT, keys[n % STEPS]) for n in range(count)]
        score = _written(style, part, notes, number)
        true = sounding(score, style, number)
        words = f"{style}, a minor, {BPM:g} bpm, no drums"
        played = render(sequenced(part, keys, words, structure), seconds=2 * SECONDS, session=session)
        second = played.sound[round(SECONDS * played.rate) :]  # the first pass begins with what was before
        sounds = {"true": true.mean(1), "codec": through_codec(session, true), "model": as_heard(session, second)}
        for name, sound in sounds.items():
            found[name].append(f1(notes, hear(sound, RATE)))
    means = {name: float(np.mean(values)) for name, values in found.items()}
    return {
        "about": f"a sequencer on the {part}", "structure": structure, "tunes": tunes, **means,
        "of the codec's": means["model"] / means["codec"],
    }  # fmt: skip


def _written(style: str, part: str, notes: list[Note], seed: int) -> Score:
    written = tuple(Written(part, note.start, 0.8 * _BEAT, note.key, 100) for note in notes)
    return Score(style, seed, round(SECONDS * FRAME_RATE), round(SECONDS / _BEAT / 4), BPM, 9, "minor", written)


def keyboard(words: str = "synthwave, a minor, 120 bpm") -> Patch:
    """A patch whose lead is a keyboard, beside the notes of its clip."""
    nodes, cables = _told(
        {"style": "ambient in a minor", "seconds": 24.0, "seed": 7}, words, focus="auto", score_mode="add"
    )
    nodes["keys"] = Node("midi_voices")
    cables += [Cable("keys", f"{kind}_1", "notes", f"lead_{kind}1") for kind in ("pitch", "gate")]
    return Patch(song=Song(bpm=BPM), nodes=nodes, cables=tuple(cables))


def key_to_ear(session: Session, presses: int = PRESSES) -> dict[str, Any]:
    """The time from a key that goes down to the sound that has it, in ms."""
    per, rate = session.spec.samples_per_frame, session.spec.frame_rate
    random, found = np.random.default_rng(5), list[float]()
    with Host(keyboard(), session, device=CARD) as host:
        host.start()
        song = host.performer.source.frames
        wait(host, lambda: host.status.begun and host.link.playhead() / per > 2 * song, 240.0)
        for press in range(presses):
            sleep(REST_SECONDS + float(random.uniform(0.0, 0.5)))
            key = KEYS[press % len(KEYS)]
            host.feed("keys", "note1", float(key))
            host.feed("keys", "held1", (1.0, 1.0))
            frame = host.link.playhead() / per
            sleep(HELD_SECONDS)
            host.feed("keys", "held1", (0.0, 0.0))
            sleep(1.0)
            time = heard_after(_risen(host, session, song, key), frame, rate)
            found += [] if time is None else [time]
        status = host.status
    figures = 1e3 * np.percentile(found, (50, 90, 100)) if found else np.full(3, np.nan)
    return {
        "about": "a key of the lead", "presses": presses, "heard": len(found),
        **dict(zip(("median_ms", "p90_ms", "worst_ms"), map(float, figures), strict=True)),
        "tick_ms": status.tick_ms, "starved_s": status.starved,
    }  # fmt: skip


def _risen(host: Host, session: Session, song: int, key: int, seconds: float = 5.0) -> tuple[Array, int]:
    """How much louder a key's pitch is in each latent frame of the last seconds than in the same frame of the pass
    before, and the transport frame of the first one."""
    per = session.spec.samples_per_frame
    end = host.link.history_since(1 << 62)[1] // per
    start = end - round(seconds * session.spec.frame_rate)
    sound = host.link.history_since((start - song) * per)[0][: (end - start + song) * per]
    level = loudness_of(key, sound.mean(1), per, session.spec.sample_rate)
    return level[song:] - level[: end - start], start


def loudness_of(key: int, sound: Samples, per: int, rate: int) -> Array:
    """Returns how loud a pitch is in each latent frame of a mono sound: the amplitudes of its first three partials,
    together, in a window of two frames around the frame's beginning.

    per: samples of a latent frame.
    """
    hertz = 440.0 * 2 ** ((key - 69) / 12) * np.arange(1, 4)
    wave = np.exp(-2j * np.pi * hertz * np.arange(2 * per)[:, None] / rate) * np.hanning(2 * per)[:, None] / per
    padded = np.pad(sound, per)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * per)[::per][: len(sound) // per]
    return np.abs(windows @ wave).sum(1)


def heard_after(risen: tuple[Array, int], frame: float, rate: float) -> float | None:
    """Returns the seconds from a transport frame until a pitch that has risen is heard: at a quarter of the most that
    it rises while it is held. None where it rises by less than four times its spread in the second before."""
    level, start = risen
    at = int(frame) - start
    quiet = level[max(at - round(rate), 0) : at]
    before, after = np.median(quiet), np.max(smooth(level, 5)[at : at + 2 * round(HELD_SECONDS * rate)])
    if after - before < CLEAR * np.std(quiet):
        return None
    share = (smooth(level, 3)[at:] - before) / (after - before)
    return (start + at + int(np.argmax(share > HEARD)) - frame) / rate


def measure(model: str, threads: int | None = None, tunes: int = 8, live: bool = True) -> Iterator[dict[str, Any]]:
    """Yields all rows of a model."""
    session = Session.load(model, threads=threads)
    for part in ("lead", "bass"):
        for structure in (0.0, 0.5):
            yield obeyed(session, part, tunes, structure)
    if live:
        yield key_to_ear(session)
