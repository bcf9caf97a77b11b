"""Playing through a real audio server, recorded at its output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate

from tests.runtime import jack

SECONDS, RATE = 4.0, 32_000

# PortAudio looks for JACK once, when it is loaded: so the player runs in a process of its own.
PLAY = """
import sys
import numpy as np
from demon_patch.runtime.player import play

sound = np.load(sys.argv[1])
blocks = (sound[i : i + 5000] for i in range(0, len(sound), 5000))
print(play(blocks, int(sys.argv[2]), progress=lambda samples: None))
"""


def chirp() -> np.ndarray:
    """A sweep that sounds from the first sample to the last, one channel."""
    t = np.arange(round(SECONDS * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * (200 * t + 150 * t * t)))[:, None].astype(np.float32)


def test_what_is_played_is_what_the_card_hears(tmp_path: Path) -> None:
    jack.require_jack()
    sound, heard = tmp_path / "sound.npy", tmp_path / "heard.wav"
    np.save(sound, chirp())
    with jack.server():
        player = subprocess.Popen(
            [sys.executable, "-c", PLAY, str(sound), str(RATE)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert jack.until(lambda: "PortAudio:out_0" in jack.ports()), player.communicate(timeout=20)
        recorder = jack.record(heard, SECONDS - 0.5, "PortAudio:out_0", "PortAudio:out_1")
        said, wrong = player.communicate(timeout=60)
        recorder.wait(30)
    assert player.returncode == 0, wrong.decode()
    assert int(said) <= 2  # how often the card ran dry; other programs share the processor
    recorded, rate = soundfile.read(heard)
    assert rate == jack.RATE
    np.testing.assert_array_equal(recorded[:, 0], recorded[:, 1])
    expected = np.interp(np.arange(0, SECONDS, 1 / rate), np.arange(len(chirp())) / RATE, chirp()[:, 0])
    part = recorded[rate // 2 : rate // 2 + rate]
    score = correlate(expected, part[:, 0], "valid")
    at = int(np.argmax(score))
    likeness = score[at] / np.sqrt(np.sum(part[:, 0] ** 2) * np.sum(expected[at : at + rate] ** 2))
    assert likeness > 0.98


@pytest.mark.parametrize("fails_at", [0, 3])
def test_an_error_in_the_music_is_told_to_the_player(fails_at: int) -> None:
    from demon_patch.runtime.player import _RenderAhead

    def blocks():  # type: ignore[no-untyped-def]
        for k in range(fails_at):
            yield np.full((1000, 1), k, np.float32)
        raise ValueError("broken")

    drawn = iter(_RenderAhead(blocks(), 100, 100))
    assert len([next(drawn) for _ in range(fails_at)]) == fails_at
    with pytest.raises(ValueError, match="broken"):
        next(drawn)


def test_rendering_stops_with_the_player() -> None:
    from demon_patch.runtime.player import _RenderAhead

    def endless():  # type: ignore[no-untyped-def]
        while True:
            yield np.zeros((1000, 1), np.float32)

    ahead = _RenderAhead(endless(), 100, 100)
    next(iter(ahead))
    ahead.stop()
    ahead._thread.join(10)
    assert not ahead._thread.is_alive()
