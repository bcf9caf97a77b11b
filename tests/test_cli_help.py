"""Help and mistakes in calling: every option says what it does, every example is a call that is understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from cyclopts import App

from demon_patch import cli
from tests.support.command import Run


def commands(app: App = cli.app, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command of the program with its path, groups of commands left out."""
    for name, command in app.resolved_commands().items():
        if name.startswith("-"):
            continue
        if command.default_command is None:
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def test_all_commands_are_walked() -> None:
    assert {("render",), ("new",), ("nodes",), ("unpack",), ("model", "info"), ("bench", "ring")} <= COMMANDS.keys()
    assert len(COMMANDS) >= 19


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_has_a_text_that_names_its_range(path: tuple[str, ...]) -> None:
    for argument in COMMANDS[path].assemble_argument_collection(parse_docstring=True):
        text = argument.parameter.help or ""
        assert len(text) >= 8, argument.name
        assert text.endswith("."), argument.name
        assert "\n" not in text, f"{argument.name}: a text in one line of code is wrapped well"
        for validator in argument.parameter.validator:
            for end in (validator.gte, validator.lte):
                assert end is None or f"{end}" in text, f"{argument.name} does not name {end}"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_readable_at_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    help = Run(capsys, *path, "--help").out
    assert all(len(line) <= 80 for line in help.splitlines())
    assert " ".join(("Usage: demon-patch", *path)) in help
    assert "…" not in help
    assert "Parameters:" not in help


EXAMPLES = {line.strip(): path for path, app in COMMANDS.items() for line in (app.help_epilogue or "").splitlines()[1:]}


def test_the_commands_of_a_first_hour_have_examples() -> None:
    shown = {path[0] for path in EXAMPLES.values()}
    assert {"new", "play", "render", "check", "nodes", "clip", "pack", "unpack", "extract", "gallery"} <= shown


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_are_calls_that_the_program_understands(line: str) -> None:
    assert len(line) <= 78
    program, *arguments = shlex.split(line, comments=True)
    assert program == "demon-patch"
    command, _, _ = cli.app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert callable(command)


MISCALLS = {
    ("play",): "demon-patch play needs PATCH (demon-patch play --help shows how)",
    ("pack", "a.dpatch.json"): "demon-patch pack needs --out (demon-patch pack --help shows how)",
    ("play", "a", "b"): "demon-patch play does not know what to do with b (demon-patch play --help shows how)",
    ("nodes", "--gives"): "--gives needs a value (demon-patch nodes --help shows how)",
    ("rendr",): 'Did you mean "render"?',
    ("render", "a", "--secnds", "3"): "Did you mean --seconds?",
    ("render", "a", "--seconds", "0"): "Must be > 0",
    ("model", "inf"): 'Did you mean "info"?',
    ("model", "info", "nan"): "there is no model family named 'nan' (did you mean nano or nano2?)",
}


@pytest.mark.parametrize("call", MISCALLS, ids=" ".join)
def test_a_mistaken_call_is_told_in_one_line(call: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(list(call))
    said = capsys.readouterr()
    assert stop.value.code == 1
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert MISCALLS[call] in said.err
    assert re.search("[─│]", said.err) is None
