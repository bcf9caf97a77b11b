"""Wrong files, one for each kind of mistake: what `demon-patch check` says of each, word for word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demon_patch.engine.families import NAMES as MODELS
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.json_values import DATA_DEPTH, DEPTH
from tests.support.command import Run

WHOLE: dict[str, Any] = {
    "format": 1,
    "nodes": {
        "clip": {"type": "composed_source"},
        "words": {"type": "prompt", "values": {"text": "acid"}},
        "sched": {"type": "scheduler"},
        "blend": {"type": "source_blend"},
        "dec": {"type": "decoder"},
        "out": {"type": "speaker"},
        "lfo": {"type": "lfo"},
    },
    "cables": [
        {"src": "clip", "out": "source", "dst": "sched", "port": "source"},
        {"src": "words", "out": "prompt", "dst": "sched", "port": "prompt"},
        {"src": "sched", "out": "ring", "dst": "blend", "port": "ring"},
        {"src": "blend", "out": "ring", "dst": "dec", "port": "ring"},
        {"src": "dec", "out": "audio", "dst": "out", "port": "audio"},
        {"src": "lfo", "out": "uni", "dst": "sched", "port": "strength"},
    ],
}
CHAIN = "scheduler -> source_blend -> step_state -> decoder"


def cable(src: str, out: str, dst: str, port: str, **more: Any) -> dict[str, Any]:
    return {"cables": [*WHOLE["cables"], {"src": src, "out": out, "dst": dst, "port": port, **more}]}


def nodes(**changed: Any) -> dict[str, Any]:
    return {"nodes": {**WHOLE["nodes"], **changed}}


def lfo(**fields: Any) -> dict[str, Any]:
    return nodes(lfo={"type": "lfo", **fields})


def sched(**values: Any) -> dict[str, Any]:
    return nodes(sched={"type": "scheduler", "values": values})


def without(*ids: str) -> dict[str, Any]:
    kept = {id: node for id, node in WHOLE["nodes"].items() if id not in ids}
    return {"nodes": kept, "cables": [c for c in WHOLE["cables"] if c["src"] in kept and c["dst"] in kept]}


NAMES = "use 1 to 64 of A-Z a-z 0-9 _ . : / -"
WRONG: list[tuple[dict[str, Any] | str, str]] = [
    # the text
    ("", "line 1, column 1 is no JSON: expecting value (mend the file there)"),
    ('{"format": 1,,}',
     "line 1, column 14 is no JSON: expecting property name enclosed in double quotes (mend the file there)"),
    ("[1]", 'the file holds no JSON object (begin it with {"format": 2)'),
    ('{"nodes": {}}', 'the file names no format (write "format": 2)'),
    ('{"format": 3}', "the file has format 3, and this version reads formats up to 2 (update demon-patch)"),
    ('{"format": 1, "a": 1, "a": 2}',
     'the key "a" stands twice in the object that ends at line 1, column 29 (keep one of them)'),
    ('{"format": 1, "a": ' + "[" * 40 + "]" * 40 + "}",
     f"a{'[0]' * DATA_DEPTH} is nested too deeply (keep a file within {DEPTH} levels)"),
    # the document
    ({"song": {"bpm": 0}}, "bpm is 0 (stay within 0.001 to 1000)"),
    ({"song": {"beats_per_bar": 3.5}}, "beats_per_bar is 3.5, not a whole number (write one of 1 to 64)"),
    ({"meta": {"title": 7}}, "title is 7, not text (write it in quotes)"),
    ({"meta": {"tags": "dub"}}, "tags is no list (write a list of at most 64 texts)"),
    ({"nodes": []}, "nodes is [], not an object (write {…})"),
    (nodes(**{"A": {"type": "lfo"}}), '"A" is no id of a node (use 1 to 32 of a-z 0-9 _ -)'),
    (lfo(type=None), f"node lfo: None is no type of a node ({NAMES})"),
    (nodes(lfo={}), 'node lfo: the node has no type (write "type": …)'),
    (lfo(version=0), "node lfo: version is 0 (stay within 1 to 2.14748e+09)"),
    (lfo(at=[1]), "node lfo: at is [1], not two numbers (write [a, b])"),
    (lfo(bypass=1), "node lfo: bypass is 1, neither true nor false (write true or false)"),
    (lfo(label="x" * 201), "node lfo: label has 201 characters (shorten it to 200)"),
    (lfo(values={"a b": 1}), f'node lfo: "a b" is no name of a port ({NAMES})'),
    (lfo(ranges={"rate": [2, 1]}), "node lfo: port rate: the range runs from 2 down to 1 (write the lower end first)"),
    (lfo(ranges={"rate": 2}), "node lfo: port rate: the range is 2, not two numbers (write [a, b])"),
    ({"cables": {}}, "cables is {}, not a list (write [{…}, …])"),
    ({"cables": [{"src": "lfo", "out": "uni", "dst": "sched"}]}, 'cable 1: the cable has no port (write "port": …)'),
    (cable("lfo", "uni", "sched", "shift", mode="mix"),
     'node sched: port shift: mode is "mix" (write one of auto, add, set)'),
    (cable("lfo", "uni", "sched", "shift", mode="[/red] [bold]"),
     'node sched: port shift: mode is "[/red] [bold]" (write one of auto, add, set)'),
    (cable("lfo", "uni", "sched", "shift", muted="no"),
     'node sched: port shift: muted is "no", neither true nor false (write true or false)'),
    (cable("gone", "uni", "sched", "shift"),
     "node sched: port shift: a cable from gone.uni names the node gone, which is not in the patch "
     "(add gone, or take the cable out)"),
    (cable("lfo", "uni", "sched", "strength"),
     "node sched: port strength: two cables come from lfo.uni (keep one of them)"),
    # its nodes
    (nodes(x={"type": "granulator"}),
     "node x: unknown node 'granulator'; its data is kept (install the version that has it, or remove it)"),
    (nodes(sched={"type": "scheduler", "version": 9}),
     "node sched: scheduler is of version 9, this program knows 1 (update demon_patch)"),
    (sched(strength=1.5), "node sched: port strength: 1.5 is out of range (use a number from 0 to 1)"),
    (sched(steps=7.5), "node sched: port steps: 7.5 is no whole number (use a whole number from 1 to 16)"),
    (sched(strength="much"), "node sched: port strength: 'much' is no number (use a number from 0 to 1)"),
    (sched(prompt="dub"), "node sched: port prompt: a prompt input has no value of its own (wire a cable to it)"),
    (nodes(x={"type": "step_state", "values": {"solver": "heun"}}),
     "node x: port solver: 'heun' is no choice (choose ode, ab2 or sde)"),
    (nodes(words={"type": "prompt", "values": {"text": 3}}), "node words: port text: 3 is no text (write a text)"),
    (nodes(x={"type": "drawn_curve", "values": {"points": [[1, 1], [0, 0]]}}),
     "node x: port points: point 2 does not lie after point 1 (sort them by where)"),
    (nodes(x={"type": "audio_source"}),
     "node x: port file: no audio file is named (name one, or use a Composed Source)"),
    (nodes(sched={"type": "scheduler", "ranges": {"strength": [0.2, 1.5]}}),
     "node sched: port strength: playing range 0.2 to 1.5: 1.5 is out of range (use a number from 0 to 1)"),
    (nodes(sched={"type": "scheduler", "ranges": {"prompt": [0, 1]}}),
     "node sched: port prompt: it has no playing range (wire a cable to it)"),
    # its cables
    (cable("dec", "sum", "sched", "shift"), "node dec: Decoder has no output sum (it has audio)"),
    (cable("lfo", "uni", "out", "volume"), "node out: port volume: Speaker has no such port (it has audio, gain)"),
    (cable("lfo", "uni", "lfo", "shape"),
     "node lfo: port shape: it takes no cable, but one comes from lfo.uni (set it on the node)"),
    (cable("dec", "audio", "sched", "shift"),
     "node sched: port shift: a audio from dec.audio does not fit a value input "
     "(wire a value, gate or curve output to it)"),
    (cable("lfo", "out", "sched", "shift", depth=7),
     "node sched: port shift: depth 7 of the cable from lfo.out is out of range (use -1 to 1)"),
    ({**nodes(w2={"type": "prompt"}), **cable("w2", "prompt", "sched", "prompt")},
     "node sched: port prompt: w2.prompt and words.prompt both end here (keep one cable)"),
    # the whole
    (without("dec"), f"the patch has no Decoder (add one: {CHAIN})"),
    (without("sched"), f"the patch has no Scheduler (add one: {CHAIN})"),
    (without("blend"), f"node dec: port ring: no chain leads from the Scheduler to it (wire {CHAIN})"),
    (without("out"), "node dec: nothing is heard: no sound is wired anywhere (wire its audio to a Speaker)"),
    ({**nodes(d2={"type": "decoder"}), **cable("blend", "ring", "d2", "ring")},
     "node dec: the patch has 2 nodes Decoder: d2, dec (keep one)"),
    ({"meta": {"model": "gigantic"}},
     f"there is no model family named 'gigantic' (choose one of: {', '.join(MODELS)})"),
]  # fmt: skip


def path_of(tmp_path: Path, wrong: dict[str, Any] | str) -> Path:
    path = tmp_path / "a.dpatch.json"
    path.write_text(wrong if isinstance(wrong, str) else json.dumps({**WHOLE, **wrong}), encoding="utf-8")
    return path


def test_the_file_without_a_mistake_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = path_of(tmp_path, {})
    assert (run := Run(capsys, "check", path)).code == 0
    assert run.out == f"{path}: good\n"
    assert loads(dumps(loads(path.read_bytes()))) == loads(path.read_bytes())


@pytest.mark.parametrize(("wrong", "line"), WRONG, ids=[line[:60] for _, line in WRONG])
def test_every_kind_of_mistake_has_its_line(
    wrong: dict[str, Any] | str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(tmp_path, wrong)
    run = Run(capsys, "check", path)
    assert run.code == 1
    assert run.err == ""
    assert run.out == f"{path}: {line}\n"
