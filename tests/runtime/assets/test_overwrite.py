"""A render is written whole or not at all, and over nothing that cannot be made again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
import soundfile

from demon_patch.engine.session import Session
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import AddNode, Connect, apply
from demon_patch.patch.files.embed import extract
from demon_patch.patch.files.format import dumps, load, save
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.picture import spectrogram
from demon_patch.runtime import render as rendering
from demon_patch.runtime.assets.overwrite import allow, allow_picture, allow_sound, drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import Played, Rendering, render, stream, write
from tests.support.command import FIRST_LIGHT, QUICK, Run
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

NAMES = ["out.wav", "out.flac"]
RECORDED = patch(
    {"tape": Node("recorder", values={"file": "takes/one.wav"})}, [Cable("decoder", "audio", "tape", "audio")]
)


def player(document: Patch, folder: Path) -> Performer:
    return perform(document, Session(toy_family()), folder=folder)


def plain(path: Path) -> Path:
    """A sound file of somebody else's."""
    soundfile.write(path, np.zeros(4_000), 8_000)
    return path


def listed(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_render_is_written_over_a_render_and_over_nothing_else(tmp_path: Path, name: str) -> None:
    path, performer = tmp_path / name, player(patch({}, []), tmp_path)
    path.touch()  # an empty file holds nothing
    write(performer, 1.0, path)
    write(player(patch({}, [], strength=0.6), tmp_path), 2.0, path)
    assert extract(path) == patch({}, [], strength=0.6)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with Recorder(tmp_path / "other" / name, 8_000, 1, patch=dumps(patch({}, [])), kind="recording") as recorder:
        recorder.write(np.zeros((8_000, 1), np.float32))
    for mine in (plain(tmp_path / f"mine-{name}"), tmp_path / "other" / name):
        content = mine.read_bytes()
        with pytest.raises(DemonError) as caught:
            write(performer, 1.0, mine)
        assert str(caught.value) == (
            f"{mine}: there is such a file already, and it is no render of ours (--force writes over it)"
        )
        assert mine.read_bytes() == content
        write(performer, 1.0, mine, force=True)
        assert extract(mine) == patch({}, [])


@pytest.mark.parametrize("name", NAMES)
def test_a_render_that_fails_leaves_the_former_one(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    write(player(RECORDED, tmp_path), 1.0, path)
    before, ticks = listed(tmp_path), 0
    assert set(before) == {name, "takes/one.wav"}
    tick = Rendering.tick

    def breaks(self: Rendering) -> list[Played]:
        nonlocal ticks
        ticks += 1
        if ticks % 9 == 8:
            raise error
        return tick(self)

    monkeypatch.setattr(Rendering, "tick", breaks)
    for error in (RuntimeError("of the engine"), KeyboardInterrupt(), DemonError("of the patch")):
        with pytest.raises(type(error)):
            write(player(RECORDED, tmp_path), 4.0, path)
        assert listed(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_sound_that_is_no_number_is_never_written(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = Rendering.tick
    heard = 0

    def broken(self: Rendering) -> list[Played]:
        nonlocal heard
        blocks = tick(self)
        for block, _ in blocks:
            heard += len(block)
            if heard > 1.5 * self.performer.spec.sample_rate:
                block[:] = np.nan
        return blocks

    monkeypatch.setattr(Rendering, "tick", broken)
    with pytest.raises(DemonError, match=r"from 1\.\d\d s on the model makes samples that are no numbers"):
        write(player(RECORDED, tmp_path), 4.0, tmp_path / name)
    assert listed(tmp_path) == {}
    with pytest.raises(DemonError, match="no numbers"):
        render(player(patch({}, []), tmp_path), 4.0)


def test_sound_that_is_no_number_is_mended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the output stage, which live playing has too: what is kept before it is what the model made."""
    tick = Rendering.tick

    def broken(self: Rendering) -> list[Played]:
        blocks = tick(self)
        for block, _ in blocks:
            block[100:300] = np.nan
        return blocks

    monkeypatch.setattr(Rendering, "tick", broken)
    played: list[Played] = []
    performer = player(RECORDED, tmp_path)
    heard = np.concatenate(list(stream(performer, 1.0, played=played.append)))
    assert np.isfinite(heard).all()
    assert not np.isfinite(np.concatenate([block.sound for block in played])).all()
    rate = performer.spec.sample_rate
    whole = OutputStage(rate, rate, performer.spec.channels)
    again = np.concatenate([*(whole.push(*block) for block in played), whole.finish()])
    np.testing.assert_array_equal(heard, again)
    written, _ = soundfile.read(tmp_path / "takes" / "one.wav")
    assert np.isfinite(written).all()


def test_recorder_nodes_write_new_files_and_tell_their_names(tmp_path: Path) -> None:
    told: list[Path] = []
    for _ in range(2):
        write(player(RECORDED, tmp_path), 1.0, tmp_path / "out.wav", wrote=told.append)
    assert told == [tmp_path / "takes" / "one.wav", tmp_path / "takes" / "one-2.wav"]
    assert [extract(path) for path in told] == [RECORDED, RECORDED]


def test_a_recorder_node_never_writes_over_a_clip_that_the_patch_plays(tmp_path: Path) -> None:
    clip = tmp_path / "takes" / "clip.wav"
    clip.parent.mkdir()
    soundfile.write(clip, np.random.default_rng(1).uniform(-0.5, 0.5, 22_050 * 9), 22_050)
    (tmp_path / "takes" / "one.wav").symlink_to("clip.wav")
    content = clip.read_bytes()
    nodes = {**RECORDED.nodes, "source": Node("audio_source", values={"file": "takes/clip.wav"})}
    document = Patch(song=RECORDED.song, nodes=nodes, cables=RECORDED.cables)
    render(player(document, tmp_path), 1.0)
    assert clip.read_bytes() == content
    assert extract(tmp_path / "takes" / "clip-2.wav") == document


def test_a_render_that_is_left_midway_takes_its_recordings_away(tmp_path: Path) -> None:
    blocks = stream(player(RECORDED, tmp_path), 4.0)
    next(blocks)
    assert set(listed(tmp_path)) == {"takes/one.wav"}
    blocks.close()
    assert listed(tmp_path) == {}


def write_beside_another(path: Path) -> None:
    with drafted(path) as draft:
        draft.write_bytes(b"new")
        path.write_bytes(b"of another")


def test_what_another_program_writes_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    for before in (False, True):
        if before:
            path.write_bytes(b"first")
        with pytest.raises(DemonError) as caught:
            write_beside_another(path)
        number = 3 if before else 2
        assert str(caught.value) == (
            f"{path}: another program has written this file meanwhile "
            f"(what was to be written is in {tmp_path / f'out-{number}.wav'})"
        )
        assert path.read_bytes() == b"of another"
        assert (tmp_path / f"out-{number}.wav").read_bytes() == b"new"
    assert len(listed(tmp_path)) == 3


def test_a_recorder_node_that_writes_the_file_that_is_rendered_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()
    with pytest.raises(DemonError, match=r"is in .*one-2\.wav"):
        write(player(RECORDED, tmp_path), 1.0, tmp_path / "takes" / "one.wav")
    assert [extract(tmp_path / "takes" / name) for name in ("one.wav", "one-2.wav")] == [RECORDED, RECORDED]


@pytest.mark.skipif(os.name == "nt", reason="links and modes of POSIX")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "out.wav", tmp_path / "out.wav"
    link.symlink_to(target)
    for mode in (0o600, 0o644):
        write(player(patch({}, []), tmp_path), 1.0, link)
        assert link.is_symlink()
        if mode == 0o600:
            target.chmod(mode)
    assert target.stat().st_mode & 0o777 == 0o600
    assert extract(target) == patch({}, [])
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["out.wav"]


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX")
def test_what_is_no_file_is_refused_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "device.flac").symlink_to("/dev/null")
    for name, says in (
        ("folder.wav", "this is a folder"),
        ("pipe.wav", "this is a pipe, not a file"),
        ("device.flac", "this is a device, not a file"),
        ("out.mp3", "cannot be written as sound"),
        ("a\0b.wav", "cannot be written: embedded null byte"),
    ):
        with pytest.raises(DemonError, match=says):
            allow_sound(tmp_path / name, force=True)
    for name, says in (("folder.png", "this is a folder"), ("out.jpg", "cannot be written as a picture")):
        with pytest.raises(DemonError, match=says):
            allow_picture(tmp_path / name, force=True)


def test_a_render_is_not_written_over_what_it_plays(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    write(player(patch({}, []), tmp_path), 1.0, out)
    playing = patch({"source": Node("audio_source", values={"file": "./out.wav"})}, [])
    for document, clip in ((playing, None), (patch({}, []), out)):
        with pytest.raises(DemonError, match="the patch plays this file"):
            allow(out, None, document, tmp_path, clip)
        allow(out, None, document, tmp_path, clip, force=True)
    allow(out, None, patch({}, []), tmp_path, None)


def test_a_picture_is_drawn_over_a_picture_of_ours_and_over_nothing_else(tmp_path: Path) -> None:
    sound = np.zeros((8_000, 1), np.float32)
    path = spectrogram(sound, 8_000, tmp_path / "out.png")
    allow_picture(path)
    spectrogram(sound, 8_000, path)
    other = tmp_path / "holiday.png"
    other.write_bytes(path.read_bytes().replace(b"Software\0demon-patch", b"Software\0camera-shop"))
    for _ in range(2):
        with pytest.raises(DemonError) as caught:
            allow_picture(other)
        assert str(caught.value) == (
            f"{other}: there is such a file already, and it is no picture of ours (--force writes over it)"
        )
        other.write_bytes(b"tEXtSoftware\0demon-patch")
    allow_picture(other, force=True)


@pytest.fixture
def never_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where a model is loaded or anything is rendered."""
    monkeypatch.setattr(Session, "load", lambda *_, **__: pytest.fail("it was loaded"))
    monkeypatch.setattr(rendering, "write", lambda *_, **__: pytest.fail("it was rendered"))


@pytest.mark.usefixtures("never_rendered")
def test_render_refuses_before_it_renders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, picture = plain(tmp_path / "mine.flac"), tmp_path / "holiday.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n of my holidays")
    before = listed(tmp_path)
    new = tmp_path / "new.wav"
    for args, says in (
        (("--out", mine), "mine.flac: there is such a file already, and it is no render of ours (--force writes over"),
        (("--out", new, "--picture", picture), "holiday.png: there is such a file already, and it is no picture"),
        (("--out", mine, "--source", mine), "mine.flac: the patch plays this file"),
        (("--out", tmp_path), "cannot be written as sound"),
    ):
        run = Run(capsys, "render", FIRST_LIGHT, "--seconds", 1, *args)
        assert run.code == 1
        assert says in run.err
        assert listed(tmp_path) == before


def test_render_writes_over_a_render_and_by_force_over_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = plain(tmp_path / "out.flac"), tmp_path / "out.png"
    picture.write_bytes(b"mine")
    args = ("render", QUICK, "--seconds", 0.5, "--out", out, "--picture", picture)
    for force in (["--force"], []):
        run = Run(capsys, *args, *force)
        assert (run.code, run.out) == (0, f"wrote {out}\nwrote {picture}\n")
        assert soundfile.info(out).frames == 24_000
        assert set(listed(tmp_path)) == {"out.flac", "out.png"}


def test_the_command_tells_the_names_of_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = apply(AddNode("tape", Node("recorder")), load(QUICK))[0]
    save(apply(Connect(Cable("decoder", "audio", "tape", "audio")), document)[0], tmp_path / "song.dpatch.json")
    take = plain(tmp_path / "take.wav")
    content = take.read_bytes()
    args = ("render", tmp_path / "song.dpatch.json", "--seconds", 0.5, "--out", tmp_path / "out.wav")
    for name in ("take-2.wav", "take-3.wav"):
        run = Run(capsys, *args)
        assert (run.code, run.out) == (0, f"wrote {tmp_path / 'out.wav'}\nwrote {tmp_path / name}\n")
        assert soundfile.info(tmp_path / name).frames == pytest.approx(24_000, abs=200)
    assert take.read_bytes() == content


def test_drafts_of_killed_programs_are_taken_away_and_those_of_others_stay(tmp_path: Path) -> None:
    code = (
        "import os, sys, numpy as np; from demon_patch.runtime.assets.overwrite import drafted\n"
        "from demon_patch.runtime.assets.recorder import Recorder\n"
        "with drafted(sys.argv[1]) as draft, Recorder(draft, 8000, 1, 8000) as recorder:\n"
        "    recorder.write(np.zeros((8000, 1), np.float32))\n"
        "    print(draft, flush=True)\n"
        "    input()\n"
    )
    out = tmp_path / "out.wav"
    command = [sys.executable, "-c", code, str(out)]
    one, other = (subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2))
    assert one.stdout is not None
    assert other.stdout is not None
    drafts = [Path(program.stdout.readline().strip()) for program in (one, other)]  # type: ignore[union-attr]
    one.kill()
    one.communicate()
    write(player(patch({}, []), tmp_path), 1.0, out)
    assert [draft.exists() for draft in drafts] == [False, True]
    other.communicate("\n")
    assert {path.name for path in tmp_path.iterdir()} == {"out.wav", "out-2.wav"}


@pytest.mark.parametrize("name", ["jam.wav", "jam.flac"])
def test_a_recording_takes_drafts_of_killed_programs_away_too(tmp_path: Path, name: str) -> None:
    sound, patch_file, young, others = (
        tmp_path / given for given in (f".{'0' * 16}.part.wav", f".{'1' * 16}.part", f".{'2' * 16}.part", ".mine.part")
    )
    for path in (sound, patch_file, young, others):
        path.write_bytes(b"half")
    os.utime(patch_file, (1.0, 1.0))
    with Recorder(tmp_path / name, 8000, 1, 8000, kind="recording") as recorder:
        recorder.write(np.zeros((8000, 1), np.float32))
    assert sorted(tmp_path.iterdir()) == sorted([young, others, tmp_path / name])
