"""What `check` finds in patches, packs and the files that they name, and that `render` and `pack` say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.format import loads, save
from demon_patch.patch.pack import packed
from demon_patch.runtime.assets import pack, unpack
from demon_patch.runtime.checking import MISTAKE, REMARK, Finding, findings
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.render import perform
from demon_patch.runtime.store import FOLDER
from tests.test_cli import Run

COMPOSED = {"type": "composed_source"}


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An asset store of its own for each test."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with sounds, a LoRA of the model, one of another, and files that are none."""
    folder = tmp_path / "home"
    (folder / "sub").mkdir(parents=True)
    tone = 0.3 * np.sin(np.arange(16_000) * 0.1)
    for name in ("sub/kick.wav", "Break.WAV", "good.flac", f"sub/{unicodedata.normalize('NFC', 'Café')}.wav"):
        soundfile.write(folder / name, tone, 16_000)
    soundfile.write(folder.parent / "o.wav", tone, 16_000)
    whole = (folder / "good.flac").read_bytes()
    (folder / "cut.flac").write_bytes(whole[: len(whole) // 2])
    (folder / "words.wav").write_text("these are words")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "link.wav").symlink_to(folder.parent / "o.wav")
    (folder / "nowhere.wav").symlink_to(folder / "gone")
    os.mkfifo(folder / "pipe.wav")
    lora(folder / "mine.safetensors", {"alpha": "16"})
    lora(folder / "wide.safetensors", None, width=128)
    lora(folder / "kohya.safetensors", None, layer="lora_unet_blocks_0_query_key_value")
    lora(folder / "other.safetensors", None, layer="transformer_blocks.0.cross_attn.to_q")
    (folder / "peft").mkdir()
    lora(folder / "peft" / "adapter_model.safetensors", None)
    (folder / "peft" / "adapter_config.json").write_text(json.dumps({"r": 8, "lora_alpha": 16, "peft_type": "LORA"}))
    (folder / "old.bin").write_bytes(b"x")
    return folder


def lora(path: Path, metadata: Any, width: int = 256, layer: str = "blocks.0.query_key_value") -> None:
    draw = torch.Generator().manual_seed(1)
    down, up = 0.02 * torch.randn(8, width, generator=draw), 0.02 * torch.randn(768, 8, generator=draw)
    save_file({f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}, path, metadata)


def patch_of(folder: Path, *, clip: Any = None, lora: str | None = None, **more: Any) -> Path:
    """A whole patch with one clip, and perhaps a LoRA in its chain."""
    nodes: dict[str, Any] = {
        "clip": clip or COMPOSED,
        "words": {"type": "prompt", "values": {"text": "acid"}},
        "sched": {"type": "scheduler"},
        "dec": {"type": "decoder"},
        "out": {"type": "speaker"},
        **more.pop("nodes", {}),
    }
    wires = [
        ("clip", "source", "sched", "source"),
        ("words", "prompt", "sched", "prompt"),
        ("dec", "audio", "out", "audio"),
    ]
    if lora is None:
        wires += [("sched", "ring", "dec", "ring")]
    else:
        nodes["lora"] = {"type": "lora", "values": {"file": lora}}
        wires += [("sched", "ring", "lora", "ring"), ("lora", "ring", "dec", "ring")]
    wires = [wire for wire in wires if wire not in more.get("cut", [])] + more.pop("wires", [])
    more.pop("cut", None)
    cables = [dict(zip(("src", "out", "dst", "port"), wire, strict=True)) for wire in wires]
    path = folder / "a.dpatch.json"
    path.write_text(json.dumps({"format": 1, "nodes": nodes, "cables": cables, **more}), encoding="utf-8")
    return path


def audio(file: str) -> dict[str, Any]:
    return {"type": "audio_source", "values": {"file": file}}


def mistakes(path: Path) -> list[Finding]:
    return [finding for finding in findings(path) if finding.severity == MISTAKE]


SOUNDS: dict[str, tuple[str, str]] = {
    "nope.wav": ("there is no such file: nope.wav", "check its name, or copy the file into the patch's folder"),
    "sub/kik.wav": ("there is no such file: sub/kik.wav", "is kick.wav meant?"),
    "sub\\kick.wav": ("sub\\kick.wav has a backslash, which parts folders on Windows alone", "write sub/kick.wav"),
    ".\\sub\\kick.wav": (".\\sub\\kick.wav has a backslash, which parts", "write sub/kick.wav"),
    "../o.wav": ("../o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "sub/../../o.wav": ("sub/../../o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "C:\\o.wav": ("C:\\o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "\\\\host\\o.wav": ("\\\\host\\o.wav lies outside the patch's folder", "copy the file beside the patch"),
    "link.wav": ("link.wav lies outside the patch's folder", "copy the file beside the patch"),
    "nowhere.wav": ("nowhere.wav: there is no such file", "check the path"),
    "break.wav": ("break.wav is called Break.WAV here; other machines tell them apart", "write Break.WAV"),
    "SUB/Kick.wav": ("SUB/Kick.wav is called sub/kick.wav here; other machines tell them apart", "write sub/kick.wav"),
    "sub": ("sub: this is a folder, not an audio file", "name a file in it"),
    "pipe.wav": ("pipe.wav is no ordinary file", "name a file with content of its own"),
    "words.wav": ("words.wav: this cannot be read as audio", "give a whole audio file"),
    "empty.wav": ("empty.wav: the file is empty", "give a whole audio file"),
    "cut.flac": ("cut.flac: ", "give a whole audio file"),
    "sha256:77": ('"sha256:77" is no hash', "write sha256:"),
    f"sha256:{'0' * 64}.wav": (f"sha256:{'0' * 64}.wav is not in the asset store", "unpack it with --store"),
    "what?.wav": ('the name "what?.wav" does not work on every system', "use folder/file"),
    "a\x1b[2Jb.wav": ("holds U+001B, which is not seen", "take it out"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_that_is_named_is_looked_at(name: str, home: Path) -> None:
    path = patch_of(home, clip=audio(name))
    (found,) = findings(path)
    what, mend = SOUNDS[name]
    assert what in found.what
    assert mend in found.mend
    assert found.mend
    assert (found.file, found.node, found.port, found.severity) == (str(path), "clip", "file", MISTAKE)
    assert found.what.isprintable()
    with pytest.raises(DemonError) as caught:
        perform(loads(path.read_bytes()), SESSION(), folder=home)
    assert (caught.value.what, caught.value.mend) == (found.what, found.mend)
    assert (caught.value.node, caught.value.port) == ("clip", "file")
    if name not in ("words.wav", "empty.wav", "cut.flac", "nowhere.wav", "sub/../../o.wav"):  # a pack takes any content
        with pytest.raises(DemonError) as caught:
            pack(path, home / "x.dpatch")
        assert str(caught.value) == str(found)


_SESSIONS: list[Session] = []


def SESSION() -> Session:
    """One session for all tests here."""
    if not _SESSIONS:
        _SESSIONS.append(Session.load("nano", threads=1))
    return _SESSIONS[0]


def test_a_place_within_the_folder_is_written_relative_to_it(home: Path) -> None:
    (found,) = mistakes(patch_of(home, clip=audio(str(home / "sub" / "kick.wav"))))
    assert found.what.endswith("is a place on this machine alone")
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


LORAS: dict[str, tuple[str, str]] = {
    "nope.safetensors": ("there is no such file: nope.safetensors", "check its name"),
    "tap": ("there is no such file: tap", "choose tape, or name a .safetensors file"),
    "Mine.safetensors": ("Mine.safetensors is called mine.safetensors here", "write mine.safetensors"),
    "peft\\adapter_model.safetensors": ("has a backslash", "write peft/adapter_model.safetensors"),
    "wide.safetensors": ("wide.safetensors: layer blocks.0.query_key_value has halves [8, 128]", "use a LoRA that was"),
    "other.safetensors": ("it looks like a LoRA of ACE-Step", "use a LoRA that was trained on this model"),
    "words.wav": ("words.wav: no tensors can be read from it", "get the file again"),
    "old.bin": ("old.bin: it is a pickle", "save the LoRA as a .safetensors file"),
    "sub": ("sub: the folder holds no LoRA", "use a folder with adapter_model.safetensors"),
}


@pytest.mark.parametrize("name", LORAS)
def test_every_lora_is_looked_at(name: str, home: Path) -> None:
    path = patch_of(home, lora=name)
    (found,) = mistakes(path)
    what, mend = LORAS[name]
    assert what in found.what
    assert mend in found.mend
    assert (found.node, found.port) == ("lora", "file")
    with pytest.raises(DemonError) as caught:
        perform(loads(path.read_bytes()), SESSION(), folder=home)
    assert (caught.value.what, caught.value.mend) == (found.what, found.mend)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mine.safetensors", ["mine.safetensors acts at scale 2"]),
        ("peft", ["peft acts at scale 2"]),
        ("peft/adapter_model.safetensors", ["peft/adapter_model.safetensors acts at scale 2"]),
        ("kohya.safetensors", ["kohya.safetensors acts at scale 1", "kohya.safetensors: no alpha is stated"]),
        ("tape", []),
    ],
)
def test_a_lora_that_fits_tells_its_scale(name: str, told: list[str], home: Path) -> None:
    found = findings(patch_of(home, lora=name))
    assert [f.severity for f in found] == [REMARK] * len(told)
    assert all(finding.what.startswith(line) for finding, line in zip(found, told, strict=True))


@pytest.mark.parametrize("name", ["peft", "peft/adapter_model.safetensors"])
@pytest.mark.parametrize("to_store", [False, True])
def test_a_packed_lora_keeps_its_scale(name: str, to_store: bool, home: Path, tmp_path: Path) -> None:
    path = patch_of(home, lora=name)
    assert pack(path, tmp_path / "x.dpatch") == ["peft/adapter_model.safetensors"]
    assert findings(tmp_path / "x.dpatch")[0].what == "peft/adapter_model.safetensors acts at scale 2"
    there = unpack(tmp_path / "x.dpatch", tmp_path / "there", to_store=to_store)
    (found,) = findings(there)
    assert found.what.endswith("acts at scale 2")
    assert pack(there, tmp_path / "again.dpatch") == [found.what.removesuffix(" acts at scale 2")]
    assert findings(tmp_path / "again.dpatch")[0].what == found.what


def test_all_mistakes_are_told_at_once_and_remarks_after_them(home: Path) -> None:
    more = {
        "second": audio("nope.wav"),
        "alone": {"type": "lora", "values": {"file": "gone.safetensors"}},
        "tape": {"type": "recorder", "values": {"file": "../take.wav"}},
        "said": {"type": "prompt", "values": {"text": "r&b, flugelhorn"}},
        "tape2": {"type": "recorder", "values": {"file": "take.mp3"}},
    }
    path = patch_of(home, nodes=more)
    found = findings(path)
    assert [(f.severity, f.node) for f in found] == [
        (MISTAKE, "alone"), (MISTAKE, "second"), (MISTAKE, "tape"), (MISTAKE, "tape2"), (REMARK, "said"),
        (REMARK, "said"),
    ]  # fmt: skip
    assert 'the model does not know "r&b"' in found[4].what
    assert found[4].mend == 'the nearest that it knows: "hip hop"'


def test_a_patch_without_a_source_is_told_as_it_is_rendered(home: Path) -> None:
    path = patch_of(home, cut=[("clip", "source", "sched", "source")])
    (found,) = findings(path)
    assert (found.node, found.port, found.what) == ("sched", "source", "the Scheduler has no source")
    with pytest.raises(DemonError, match="the Scheduler has no source"):
        perform(loads(path.read_bytes()), SESSION(), folder=home)


def test_an_unknown_model_and_the_inside_of_subpatches(home: Path) -> None:
    assert "no model family named 'gigantic'" in mistakes(patch_of(home, meta={"model": "gigantic"}))[0].what
    inner = {"nodes": {"x": audio("nope.wav"), "w": {"type": "prompt", "values": {"text": "kazoo"}}}, "cables": []}
    path = patch_of(home, nodes={"s": {"type": "subpatch", "definition": "d"}}, definitions={"d": inner})
    assert [(f.severity, f.node) for f in findings(path)] == [(MISTAKE, "s/x"), (REMARK, "s/w")]
    path = patch_of(home, definitions={"d": inner})
    assert [(f.severity, f.node) for f in findings(path)] == [(MISTAKE, "d/x")]


@pytest.mark.parametrize("used", [True, False])
def test_a_promoted_port_that_is_not_there(used: bool, home: Path) -> None:
    inner = {
        "nodes": {"l": {"type": "lfo"}},
        "cables": [],
        "inputs": {"i1": {"to": [{"node": "l", "port": "nope"}]}},
        "outputs": {"o1": {"node": "l", "out": "gone"}},
    }
    more = {"s": {"type": "subpatch", "definition": "d"}} if used else {}
    found = mistakes(patch_of(home, nodes=more, definitions={"d": inner}))
    node = "s/l" if used else "d/l"
    assert [(f.node, f.port) for f in found] == [(node, "nope"), (node, None)]
    assert "input i1" in found[0].what
    assert "output o1" in found[1].what
    assert all(f.mend.startswith("it has ") for f in found)


def test_packs_are_checked_as_patches_and_leave_no_trace(home: Path, tmp_path: Path, assets: Path) -> None:
    path, content = patch_of(home, clip=audio("sub/kick.wav")), (home / "sub" / "kick.wav").read_bytes()
    torn = tmp_path / "torn.dpatch"
    torn.write_bytes(packed(loads(path.read_bytes()), {}))
    (found,) = findings(torn)
    assert (found.file, found.node, found.what) == (str(torn), "clip", "there is no such file: sub/kick.wav")
    torn.write_bytes(packed(loads(path.read_bytes()), {"sub/kick.wav": b"words"}))
    assert "this cannot be read as audio" in findings(torn)[0].what
    from demon_patch.patch.names import by_hash

    name = by_hash(content, ".wav")
    torn.write_bytes(packed(loads(patch_of(home, clip=audio(name)).read_bytes()), {name: content}))
    assert findings(torn) == []
    assert not assets.exists()
    assert "is not in the asset store" in mistakes(patch_of(home, clip=audio(name)))[0].what


# -- whatever the file is ---------------------------------------------------------------------------------------
def test_what_is_no_patch_at_all(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bytes.dpatch.json").write_bytes(bytes(range(256)))
    (tmp_path / "noise.dpatch").write_bytes(os.urandom(2000))
    (tmp_path / "deep.dpatch.json").write_text("[" * 100_000)
    os.mkfifo(tmp_path / "pipe.dpatch.json")
    for name in (
        "bytes.dpatch.json",
        "noise.dpatch",
        "deep.dpatch.json",
        "pipe.dpatch.json",
        "gone.dpatch.json",
        "home",
    ):
        (found,) = findings(tmp_path / name)
        assert (found.severity, found.file) == (MISTAKE, str(tmp_path / name))
        assert found.mend


WORDS = st.sampled_from(
    ["", " ", ".", "..", "/", "sub", "sub/", "a" * 300, "\0", "\ud800x"[1:], "nul", "sub/kick.wav", "~"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=WORDS | st.text(max_size=12) | st.integers() | st.none() | st.lists(st.text(max_size=3), max_size=2),
    kind=st.sampled_from(["audio_source", "lora", "recorder", "prompt", "composed_source", "nothing"]),
    seconds=st.none() | st.floats() | st.text(max_size=3),
)
def test_no_value_makes_check_fail(name: Any, kind: str, seconds: Any, home: Path) -> None:
    values = {"file": name, "text": name, "style": name, "seconds": seconds}
    path = patch_of(home, nodes={"x": {"type": kind, "values": values}})
    for finding in findings(path):
        assert "cannot be checked" not in finding.what
        assert finding.what.isprintable() or kind in ("prompt", "composed_source")


def test_a_fault_of_ours_is_told_and_not_raised(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from demon_patch.runtime import checking

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(checking, "problems", broken)
    (found,) = findings(patch_of(home))
    assert found.what == "it cannot be checked: ZeroDivisionError: by nothing"


# -- the command ------------------------------------------------------------------------------------------------
def test_findings_are_told_on_standard_output_and_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("break.wav"), nodes={"said": {"type": "prompt", "values": {"text": "kazoo"}}})
    run = Run(capsys, "check", path)
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [str(finding) for finding in findings(path)]
    run = Run(capsys, "check", "--json", path)
    assert (run.code, run.err) == (1, "")
    told = json.loads(run.out)
    assert told[0] == {
        "file": str(path), "node": "clip", "port": "file", "mend": "write Break.WAV", "severity": "mistake",
        "what": "break.wav is called Break.WAV here; other machines tell them apart",
    }  # fmt: skip
    assert [(entry["severity"], entry["node"]) for entry in told[1:]] == [("remark", "said")]
    good = patch_of(home, lora="mine.safetensors")
    assert json.loads(Run(capsys, "check", good, "--json").out)[0]["severity"] == "remark"
    assert Run(capsys, "check", good).code == 0
    assert json.loads(Run(capsys, "check", patch_of(home), "--json").out) == []


def test_what_a_file_says_does_not_reach_the_terminal_raw(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("\x1b[2J\u202ex.wav"))
    run = Run(capsys, "check", path)
    assert run.code == 1
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out


def test_check_loads_no_torch(home: Path) -> None:
    path = patch_of(home, clip=audio("good.flac"), lora="mine.safetensors")
    code = (
        "import sys; from pathlib import Path; from demon_patch.runtime.checking import findings;"
        f"assert findings(Path({str(path)!r}))[0].severity == 'remark'; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_render_and_play_name_the_patch_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("sub\\kick.wav"))
    for command in ("render", "play"):
        run = Run(capsys, command, path)
        assert run.code == 1
        assert str(findings(path)[0]) in run.err


def test_the_catalogue_has_no_other_nodes_that_read_files() -> None:
    reading = {d.id for d in CATALOGUE.values() for p in d.ports if p.type == "path"}
    assert reading == {"audio_source", "lora", "recorder"}, "teach runtime/files.py what the new one reads"


def test_save_and_problems_stay_as_they_were(home: Path) -> None:
    document = loads(patch_of(home, clip=audio("nope.wav")).read_bytes())
    assert problems(document, CATALOGUE) == []  # an edit of a playing patch is not held up by a file
    save(document, home / "b.dpatch.json")
    assert mistakes(home / "b.dpatch.json")
