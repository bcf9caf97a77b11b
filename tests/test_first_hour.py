"""The first hour: a new patch, the node library, files that cannot be written, and a README that is true."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import soundfile

from demon_patch import shipped
from demon_patch.codegen.body import COMPARISONS
from demon_patch.codegen.vocabulary import CONSTANTS
from demon_patch.codegen.vocabulary import FUNCTIONS as ALLOWED
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.formulas import EXAMPLES, FUNCTIONS, NAMES, OPERATORS, page
from demon_patch.nodes.library.math.expression import _TIME, parse_formula
from demon_patch.patch.files.format import load, save
from demon_patch.patch.model.document import Node, Patch
from demon_patch.shell_word import shell_word
from tests.support.command import FIRST_LIGHT, PATCHES, Run
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


# -- new --------------------------------------------------------------------------------------------------------
def test_a_new_patch_is_good_titled_by_its_file_and_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Run(capsys, "new", "my_first-song").code == 0
    patch = load("my_first-song.dpatch.json")
    assert patch.meta.title == "My first song"
    assert patch.meta.author == patch.meta.licence == ""
    assert patch.nodes == load(FIRST_LIGHT).nodes
    run = Run(capsys, "new", "my_first-song.dpatch.json", "--from", "swell")
    assert run.code == 1
    assert "my_first-song.dpatch.json: there is such a file already" in run.err
    assert load("my_first-song.dpatch.json") == patch
    assert Run(capsys, "new", "my_first-song", "--from", "swell", "--force").code == 0
    assert load("my_first-song.dpatch.json").nodes == load(PATCHES / "swell.dpatch.json").nodes
    assert Run(capsys, "new").code == 0
    assert Run(capsys, "new", "deep/er/x").code == 0
    assert Run(capsys, "check", "my-patch.dpatch.json", "deep/er/x.dpatch.json").code == 0
    assert Run(capsys, "new", "x.dpatch").code == 1
    for call in (("new", "."), ("pack", "my-patch.dpatch.json", "--out", "deep")):
        assert "this is a folder, not a file" in Run(capsys, *call).err
    assert "this is a patch file, not a pack" in Run(capsys, "unpack", "my-patch.dpatch.json").err


@pytest.mark.parametrize("name", ["My Song #3", "it's $HOME", "plain_name-1.0"])
def test_the_command_that_is_offered_for_a_new_patch_can_be_typed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    offered = Run(capsys, "new", name).err.splitlines()[-1].split(": ")[1]
    if os.name == "posix":
        assert shlex.split(offered) == ["demon-patch", "play", f"{name}.dpatch.json", "--watch"]
    monkeypatch.setattr(os, "name", "nt")
    word = shell_word(f"{name}.dpatch.json")
    assert word == f"{name}.dpatch.json" if name.startswith("plain") else word == f'"{name}.dpatch.json"'


@pytest.mark.parametrize("name", shipped.shipped())
def test_every_patch_that_comes_with_the_program_is_a_template(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Run(capsys, "new", tmp_path / "x", "--from", name).code == 0
    assert Run(capsys, "check", tmp_path / "x.dpatch.json").code == 0


def test_the_files_of_a_template_come_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, there = tmp_path / "home", tmp_path / "there"
    (home / "clips").mkdir(parents=True)
    soundfile.write(home / "clips" / "x.wav", [0.1] * 800, 8000)
    save(Patch(nodes={"a": Node("audio_source", values={"file": "clips/x.wav"})}), home / "old.dpatch.json")
    assert Run(capsys, "new", there / "new", "--from", home / "old.dpatch.json").code == 0
    assert (there / "clips" / "x.wav").read_bytes() == (home / "clips" / "x.wav").read_bytes()
    assert Run(capsys, "new", there / "more", "--from", home / "old.dpatch.json").code == 0
    (there / "clips" / "x.wav").write_bytes(b"mine")
    run = Run(capsys, "new", there / "third", "--from", home / "old.dpatch.json")
    assert "there is such a file already" in run.err
    assert (there / "clips" / "x.wav").read_bytes() == b"mine"
    assert not (there / "third.dpatch.json").exists()


def test_templates_are_listed_and_misspelled_ones_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    names = {path.name.split(".")[0] for path in PATCHES.glob("*.dpatch.json")}
    listed = json.loads(Run(capsys, "new", "--list", "--json").out)
    assert {entry["name"] for entry in listed} == names
    assert listed[0]["name"] == "first-light"
    table = Run(capsys, "new", "--list").out
    assert all(name in table for name in names)
    assert "did you mean first-light?" in Run(capsys, "new", "x", "--from", "frst-light").err
    assert "--list" in Run(capsys, "new", "x", "--from", "nothing of the kind").err


# -- nodes ------------------------------------------------------------------------------------------------------
def ids(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    return [entry["id"] for entry in json.loads(Run(capsys, "nodes", *args, "--json").out)]


def test_nodes_are_found_by_words_and_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, "lfo") == ["lfo"]
    assert {"adsr", "ahd", "follower"} <= set(ids(capsys, "envelope"))
    assert "euclid" in ids(capsys, "rhythm")
    assert set(ids(capsys, "--category", "midi")) == {d.id for d in CATALOGUE.values() if d.category == "midi"}
    assert "scheduler" in ids(capsys, "strength")
    gates = set(ids(capsys, "--gives", "gate"))
    assert gates == {d.id for d in CATALOGUE.values() if any(o.type == "gate" for o in d.outs)}
    assert "adsr" in ids(capsys, "--takes", "gate")
    assert "midi_notes" not in ids(capsys, "--takes", "gate")  # its gates are written by the host
    assert set(ids(capsys, "--type", "gate")) >= gates
    assert set(ids(capsys, "random", "--gives", "gate")) < set(ids(capsys, "random"))
    for call in (["xyzzy"], ["--type", "gat"], ["--category", "mdi"], ["lfo", "--gives", "prompt"]):
        assert Run(capsys, "nodes", *call).code == 1


@pytest.mark.parametrize("id", CATALOGUE)
def test_one_node_is_shown_whole_at_80_columns(
    id: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = Run(capsys, "nodes", id).out
    d = CATALOGUE[id]
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "…" not in text
    words = " ".join(text.split())
    assert " ".join(d.sentence.split()) in words
    for port in d.ports:
        shown = re.search(rf"(?<!\w){port.name}(?!\w)", text) or re.search(
            rf"(?<!\w){port.name.rstrip('0123456789')}\d", text
        )
        assert shown, port.name
        if not port.live and not port.name[-1].isdigit():
            assert " ".join(port.doc.split())[:24] in words, port.name
    for choice in (choice for port in d.ports for choice in port.choices):
        assert choice in words


def test_the_list_of_nodes_is_readable_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = Run(capsys, "nodes").out
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "…" not in text
    assert all(re.search(rf"^{id} ", text, re.MULTILINE) for id in CATALOGUE)
    assert "flux" not in text  # written by the host


# -- formulas ---------------------------------------------------------------------------------------------------
def test_everything_that_a_formula_may_say_is_listed() -> None:
    assert {name.partition("(")[0] for name, _ in FUNCTIONS} == ALLOWED.keys()
    for spelled, _ in FUNCTIONS:
        count = spelled.count(",") + 1
        least, most = ALLOWED[spelled.partition("(")[0]]
        assert (count - 1, 4) == (least, most) if "..." in spelled else (count, count) == (least, most)
    assert {word for names, _ in NAMES for word in names.split()} == {*"abcd", *_TIME, *CONSTANTS}
    signs = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}
    told = " ".join(f"{spelled} {meaning}" for spelled, meaning in OPERATORS).split()
    assert all(signs[sign.__name__] in told for sign in COMPARISONS)
    for formula, _ in EXAMPLES:
        parse_formula(formula)
    assert (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8") == page(), "run: demon-patch nodes --page"


# -- files that cannot be written -------------------------------------------------------------------------------
def test_what_cannot_be_written_is_told_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("demon_patch.engine.session.Session.load", never)
    (tmp_path / "file").write_text("")
    sound = tmp_path / "x.wav"
    for wrong in (tmp_path / "x.doc", tmp_path, tmp_path / "file" / "x.png"):
        run = Run(capsys, "render", FIRST_LIGHT, "--out", sound, "--picture", wrong)
        assert run.code == 1, wrong
        assert str(wrong) in run.err
    for wrong in (tmp_path / "x.doc", tmp_path / "file" / "x.wav"):
        assert str(wrong) in Run(capsys, "render", FIRST_LIGHT, "--out", wrong).err
        assert str(wrong) in Run(capsys, "play", FIRST_LIGHT, "--record", wrong).err
    find = importlib.util.find_spec
    monkeypatch.setattr("demon_patch.picture.find_spec", lambda name: None if name == "matplotlib" else find(name))
    run = Run(capsys, "render", FIRST_LIGHT, "--out", sound, "--picture", tmp_path / "x.png")
    assert "pip install 'demon-patch[plots]'" in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_patch_is_recognised_by_its_neighbours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(Patch(), tmp_path / "my-song.dpatch.json")
    for command in ("check", "play", "render"):
        run = Run(capsys, command, tmp_path / "my-sogn.dpatch.json")
        assert "did you mean my-song.dpatch.json?" in run.out + run.err


# -- the README -------------------------------------------------------------------------------------------------
def test_the_readme_counts_nodes_and_names_every_patch() -> None:
    assert f"[{len(CATALOGUE)} nodes](docs/nodes.md)" in README, f"write {len(CATALOGUE)} nodes into README.md"
    listed = re.findall(r"^\| `([a-z-]+)` \| \S", README, re.MULTILINE)
    assert sorted(listed) == sorted(path.name.split(".")[0] for path in PATCHES.glob("*.dpatch.json"))


@pytest.mark.parametrize("page", ["README.md", "docs/first-song.md", "docs/depth.md", "docs/formulas.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert all(((ROOT / page).parent / link).exists() for link in links)
    assert "docs/first-song.md" in README


def test_shipped_patches_are_those_of_the_clone_and_of_the_wheel() -> None:
    import tomllib

    assert shipped.folder() == PATCHES
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert wheel["wheel"]["force-include"] == {"patches": "demon_patch/patches"}


def test_the_program_runs_as_a_module() -> None:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "demon_patch", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0.1.0"
