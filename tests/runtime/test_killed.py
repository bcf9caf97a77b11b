"""A performance that is recorded and killed: what was heard can be read, and the next one begins another file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from demon_patch.patch.files.embed import extract
from tests.support import jack_server
from tests.support.paths import PATCHES

pytestmark = pytest.mark.slow


def readable(path: Path) -> float:
    """Seconds of sound that another program finds in a file; 0 where it finds none. A FLAC file without any tells an
    unknown number of samples, which is read as the largest there is."""
    try:
        found = soundfile.info(path)
    except soundfile.LibsndfileError:
        return 0.0
    return found.duration if found.frames < 2**48 else 0.0


@pytest.mark.parametrize("name", ["jam.flac", "jam.wav"])
def test_a_killed_performance_leaves_its_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    jack_server.require_jack()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = tmp_path / "takes" / name
    play = ["play", str(PATCHES / "first-light.dpatch.json"), "--plain", "--record", str(path)]
    command = [sys.executable, "-c", "from demon_patch.cli import main; main()", *play]
    lengths = []
    with jack_server.server():
        for number, end in ((1, signal.SIGKILL), (2, signal.SIGINT)):
            made = path if number == 1 else path.with_name(f"jam-2{path.suffix}")
            with (tmp_path / f"told-{number}").open("wb") as told:
                host = subprocess.Popen(command, stdout=told, stderr=told, env={**os.environ, "COLUMNS": "400"})
            try:
                assert jack_server.until(lambda: readable(made) > 2.0, 90.0), (tmp_path / f"told-{number}").read_text()  # noqa: B023
                host.send_signal(end)
                host.wait(60)
            finally:
                host.kill()
            sound, rate = soundfile.read(made)
            assert rate == 48_000
            lengths.append(len(sound) / rate)
            assert extract(made) == extract(path)
    assert min(lengths) > 2.0, lengths
    said = (tmp_path / "told-2").read_text()
    left = f"({name} is there already: {lengths[0]:.1f} s of a recording that has not ended)"
    assert f"recording {path.with_name(f'jam-2{path.suffix}')} {left}" in said
    assert f"recorded {path.with_name(f'jam-2{path.suffix}')}" in said
