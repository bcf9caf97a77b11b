"""What `check` finds in patches and packs as a whole, whatever the file is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import loads, save
from demon_patch.patch.files.pack import packed
from demon_patch.runtime.checking import MISTAKE, REMARK, findings
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.performance.prepare import perform
from tests.support.checked_folder import audio, mistakes, patch_of
from tests.support.effort import examples


def test_all_mistakes_are_told_at_once_and_remarks_after_them(home: Path) -> None:
    more = {
        "second": audio("nope.wav"),
        "alone": {"type": "lora", "values": {"file": "gone.safetensors"}},
        "tape": {"type": "recorder", "values": {"file": "../take.wav"}},
        "said": {"type": "prompt", "values": {"text": "raggae, kazoo"}},
        "tape2": {"type": "recorder", "values": {"file": "take.mp3"}},
    }
    path = patch_of(home, nodes=more)
    found = findings(path)
    assert [(f.severity, f.node) for f in found] == [
        (MISTAKE, "alone"), (MISTAKE, "second"), (MISTAKE, "tape"), (MISTAKE, "tape2"), (REMARK, "said"),
        (REMARK, "said"),
    ]  # fmt: skip
    assert 'the model does not know "raggae"' in found[4].what
    assert found[4].mend == 'the nearest that it knows: "ragga"'


def test_a_patch_without_a_source_is_told_as_it_is_rendered(home: Path, session: Session) -> None:
    path = patch_of(home, cut=[("clip", "source", "sched", "source")])
    (found,) = findings(path)
    assert (found.node, found.port, found.what) == ("sched", "source", "the Scheduler has no source")
    with pytest.raises(DemonError, match="the Scheduler has no source"):
        perform(loads(path.read_bytes()), session, folder=home)


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
    from tests.support.sounds import hash_name

    name = hash_name(content, ".wav")
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


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_save_and_problems_stay_as_they_were(home: Path) -> None:
    document = loads(patch_of(home, clip=audio("nope.wav")).read_bytes())
    assert problems(document, CATALOGUE) == []  # an edit of a playing patch is not held up by a file
    save(document, home / "b.dpatch.json")
    assert mistakes(home / "b.dpatch.json")
