"""What `check` finds in the sounds that a patch names, and that `render` and `pack` say the same."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import loads
from demon_patch.runtime.assets.assets import pack, unpack
from demon_patch.runtime.checking import MISTAKE, REMARK, findings
from demon_patch.runtime.performance.prepare import perform
from tests.support.checked_folder import audio, mistakes, patch_of

SOUNDS: dict[str, tuple[str, str]] = {
    "nope.wav": ("there is no such file: nope.wav", "check its name, or copy the file into the patch's folder"),
    "sub/kik.wav": ("there is no such file: sub/kik.wav", "is kick.wav meant?"),
    "brek.wav": ("there is no such file: brek.wav", "is Break.WAV meant?"),
    "sub\\kick.wav": ("sub\\kick.wav has a backslash, which separates folders only on Windows", "write sub/kick.wav"),
    ".\\sub\\kick.wav": (".\\sub\\kick.wav has a backslash, which separates", "write sub/kick.wav"),
    "../o.wav": ("../o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "sub/../../o.wav": ("sub/../../o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "C:\\o.wav": ("C:\\o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "\\\\host\\o.wav": ("\\\\host\\o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "link.wav": ("link.wav lies outside the patch's folder", "copy the file beside the patch"),
    "nowhere.wav": ("nowhere.wav is a link to ", "put the file itself in its place"),
    "break.wav": ("break.wav is called Break.WAV here; other machines distinguish capital letters", "write Break.WAV"),
    "SUB/Kick.wav": ("SUB/Kick.wav is called sub/kick.wav here; other machines", "write sub/kick.wav"),
    "sub": ("sub: this is a folder, not an audio file", "name a file in it"),
    "pipe.wav": ("pipe.wav is no ordinary file", "name a file with content of its own"),
    "words.wav": ("words.wav: this cannot be read as audio", "give a whole audio file"),
    "empty.wav": ("empty.wav: the file is empty", "give a whole audio file"),
    "sha256:77": ('"sha256:77" is no hash', "write sha256:"),
    f"sha256:{'0' * 64}.wav": (f"sha256:{'0' * 64}.wav is not in the asset store", "unpack it with --store"),
    "what?.wav": ('the name "what?.wav" does not work on every system', "use folder/file"),
    "a\x1b[2Jb.wav": ("holds U+001B, which is not seen", "take it out"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_that_is_named_is_looked_at(name: str, home: Path, session: Session) -> None:
    path = patch_of(home, clip=audio(name))
    (found,) = findings(path)
    what, mend = SOUNDS[name]
    assert what in found.what
    assert mend in found.mend
    assert found.mend
    assert (found.file, found.node, found.port, found.severity) == (str(path), "clip", "file", MISTAKE)
    assert found.what.isprintable()
    with pytest.raises(DemonError) as caught:
        perform(loads(path.read_bytes()), session, folder=home)
    assert (caught.value.what, caught.value.mend) == (found.what, found.mend)
    assert (caught.value.node, caught.value.port) == ("clip", "file")
    if name not in ("words.wav", "empty.wav", "sub/../../o.wav"):  # a pack takes any content
        with pytest.raises(DemonError) as caught:
            pack(path, home / "x.dpatch")
        assert str(caught.value) == str(found)


def test_a_sound_that_ends_too_soon_is_remarked_on(home: Path) -> None:
    (found,) = findings(patch_of(home, clip=audio("cut.flac")))
    assert found.what.startswith("cut.flac: its header promises 16000 samples a channel")
    assert (found.node, found.port, found.severity) == ("clip", "file", REMARK)


def test_a_place_within_the_folder_is_written_relative_to_it(home: Path) -> None:
    (found,) = mistakes(patch_of(home, clip=audio(str(home / "sub" / "kick.wav"))))
    assert found.what.endswith("is a path that only this machine has")
    assert found.mend == "write sub/kick.wav"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_is_found_by_either_spelling(form: Any, home: Path, tmp_path: Path) -> None:
    name = unicodedata.normalize(form, "sub/Café.wav")
    path = patch_of(home, clip=audio(name))
    assert findings(path) == []
    assert pack(path, tmp_path / "x.dpatch") == [name]
    assert findings(tmp_path / "x.dpatch") == []
    assert findings(unpack(tmp_path / "x.dpatch", tmp_path / "there")) == []


@pytest.mark.parametrize("name", ["good.flac", "./sub/../good.flac", "sub/kick.wav", "Break.WAV"])
def test_good_names_are_good(name: str, home: Path) -> None:
    assert findings(patch_of(home, clip=audio(name))) == []


def test_the_catalogue_has_no_other_nodes_that_read_files() -> None:
    reading = {d.id for d in CATALOGUE.values() for p in d.ports if p.type == "path"}
    assert reading == {"audio_source", "lora", "recorder", "steer"}, (
        "teach runtime/assets/named_files.py what the new one reads"
    )


def test_a_recording_outside_of_the_folder_is_to_be_named_within_it(home: Path) -> None:
    recorder = {"type": "recorder", "values": {"file": "../take.wav"}}
    found = [f for f in findings(patch_of(home, nodes={"r": recorder})) if f.severity == MISTAKE]
    assert [(f.node, f.what) for f in found] == [("r", "../take.wav lies outside the patch's folder")]
    assert found[0].mend == f"name a file within {home}"
