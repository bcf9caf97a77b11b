"""What a listener on the JACK dummy hears of the audio process, and where in the song that is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import correlate

from demon_patch.runtime.audio.link import AudioLink, AudioState
from tests.support import jack_server

OUT = ("PortAudio:out_0", "PortAudio:out_1")


def noise(samples: int) -> np.ndarray:
    """A song of noise, [samples, 1], of values that a 16-bit recording holds exactly, and whose true
    peaks the limiter leaves alone: every stretch tells its place."""
    values = np.random.default_rng(0).integers(-8_000, 8_000, (samples, 1))
    return (values / 32_767).astype(np.float32)


def recorded(path: Path, seconds: float) -> np.ndarray:
    """The next (whole) `seconds` of the audio process's output in whole numbers of 16 bits, [n, 2]."""
    jack_server.record(path, seconds, *OUT).wait(seconds + 20)
    sound, rate = soundfile.read(path, dtype="int16")
    assert rate == jack_server.RATE
    return sound


def bits(song: np.ndarray) -> np.ndarray:
    """A song [n] in whole numbers of 16 bits."""
    return np.rint(song * 32_767).astype(np.int16)


def place(song: np.ndarray, part: np.ndarray) -> int:
    """Where in a cyclic song [n] a part [m] stands; -1 where it does not."""
    laps = np.concatenate([song, song[: len(part)]]).astype(np.float64)
    score = correlate(laps, part.astype(np.float64), "valid")
    at = int(np.argmax(score))
    energy = np.sqrt(np.sum(laps[at : at + len(part)] ** 2) * np.sum(part.astype(np.float64) ** 2))
    return at % len(song) if energy > 0 and score[at] / energy > 0.99 else -1


def sounding(path: Path, song: np.ndarray) -> bool:
    """Whether the audio process plays a cyclic song [n, 1] exactly, for a second on both channels."""
    heard = recorded(path, 1.0)
    whole = bits(song[:, 0])
    if len(heard) < jack_server.RATE // 2 or (at := place(whole, heard[:4096, 0])) < 0:
        return False
    expected = whole[(at + np.arange(len(heard))) % len(whole)]
    return bool(np.all(heard == expected[:, None]))


def undisturbed(rate: int, song: np.ndarray, trial: Callable[[AudioLink], None]) -> AudioState:
    """Plays a song [n, 1] on the default device while `trial` listens; the state at the end.

    Other programs share the processor: where the card or the process counted a stumble meanwhile, which no recording
    survives unbroken, the trial is made again, three times in all.
    """
    for last in (False, False, True):
        with AudioLink(rate, song.shape[1], len(song)) as link:
            link.start()
            link.write(0, song)
            link.set_playing(True)
            assert jack_server.until(lambda link=link: link.playhead() > 0.2 * rate)
            before = link.state
            trial(link)
            state = link.state
        if last or (state.xruns, state.starved) == (before.xruns, before.starved):
            return state
    raise AssertionError("the last trial stands as it is")


class Ear:
    """A listening program that hears `seconds`; afterwards `sound` [n] and `time_of(frame)` on the shared clock."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as heard:
            self.sound = heard["sound"][:, 0]
            offsets = heard["times"] - heard["firsts"] / jack_server.RATE
        self._start = float(np.median(offsets[len(offsets) // 4 :]))

    def time_of(self, frame: float) -> float:
        """When a frame passed through JACK."""
        return self._start + frame / jack_server.RATE


@contextmanager
def ear(path: Path, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A program that listens on the output for `seconds` and writes what `Ear` reads."""
    program = Path(__file__).with_name("ear_program.py")
    process = subprocess.Popen([sys.executable, program, str(seconds), path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"ready\n"
        for channel in (0, 1):
            entry = f"PortAudio-01:in_{channel}"
            subprocess.run(["jack_disconnect", f"system:capture_{channel + 1}", entry], check=True)
            subprocess.run(["jack_connect", OUT[channel], entry], check=True)
        yield process
        process.wait(seconds + 20)


def playback_latency() -> float:
    """What JACK says of the way from the output to the loudspeaker, in seconds."""
    said = subprocess.run(["jack_lsp", "-l", OUT[0]], capture_output=True, text=True, check=True).stdout
    return float(said.split("playback latency = [")[1].split()[1]) / jack_server.RATE
