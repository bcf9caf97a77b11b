"""The JSON Schema of patch files says what the program does: every patch fits it, and what it refuses is refused."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Command
from demon_patch.patch.files import command_json
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.files.schema import DIALECT, LIMITS, of_commands, of_patches
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support.damage import grafted
from tests.support.effort import examples
from tests.support.json_schema import faults
from tests.support.patch_strategies import patches
from tests.support.paths import ROOT

SCHEMA = of_patches()
WHOLE: dict[str, Any] = json.loads(
    dumps(Patch(nodes={"a": Node("lfo"), "b": Node("lfo")}, cables=(Cable("a", "o", "b", "x"),)))
)


def wrong(document: Any) -> list[str]:
    return list(faults(document, SCHEMA, SCHEMA))


def test_the_schema_in_the_docs_is_the_one_that_the_program_prints() -> None:
    text = (ROOT / "docs" / "patch.schema.json").read_text(encoding="utf-8")
    again = "write it anew: demon-patch schema --out docs/patch.schema.json"
    assert text == json.dumps(SCHEMA, indent=2, sort_keys=True, ensure_ascii=False) + "\n", again
    assert SCHEMA["$schema"] == DIALECT


@pytest.mark.parametrize("path", sorted(ROOT.glob("patches/*.dpatch.json")), ids=lambda path: path.name)
def test_every_example_fits_it(path: Path) -> None:
    assert wrong(json.loads(path.read_text(encoding="utf-8"))) == []


def test_a_file_with_every_key_and_some_of_a_later_version_fits_it(path: Path) -> None:
    assert wrong(json.loads(path.read_text(encoding="utf-8"))) == []


@settings(max_examples=examples(100), deadline=None)
@given(patches())
def test_every_patch_fits_it(patch: Patch) -> None:
    assert wrong(json.loads(dumps(patch))) == []


def test_every_default_is_that_of_the_struct() -> None:
    for kind in (Node, Cable):
        fields = SCHEMA["$defs"][kind.__name__]["properties"]
        assert set(fields) == set(kind.known_keys())
        told = {key: field["default"] for key, field in fields.items() if "default" in field}
        kept = {key: default for key, default in kind.defaults().items() if key != "extra"}
        assert json.dumps(told, sort_keys=True) == json.dumps(kept, sort_keys=True)


def places(schema: Any, at: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every field with a limit of its own, and a way to it through the smallest whole patch."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for name, field in schema.get("properties", {}).items():
        yield (*at, name), field
        inner = field.get("additionalProperties") or field.get("items")
        if "$ref" in field:
            yield from places(field, (*at, name))
        elif isinstance(inner, dict) and inner.get("$ref", "").rsplit("/", 1)[-1] in ("Node", "Cable"):
            yield from places(inner, (*at, name, "a" if name == "nodes" else 0))


def beyond(field: dict[str, Any]) -> list[Any]:
    """What just breaks each limit of a field."""
    broken: list[Any] = []
    if "maxLength" in field:
        broken.append("x" * (field["maxLength"] + 1))
    if "pattern" in field:
        broken += ["a b", "x" * 65, "é"]
    if "minimum" in field:
        broken += [field["minimum"] - 1, field["maximum"] + 1]
    if "maxItems" in field and "items" in field and field.get("items"):
        item = {"src": "a", "out": "o", "dst": "b", "port": "x"} if "$ref" in field["items"] else "t"
        broken.append([item] * (field["maxItems"] + 1))
    if "propertyNames" in field and "pattern" in field["propertyNames"]:
        broken.append({"a b": {"type": "lfo"}})
    if "enum" in field or "const" in field:
        broken.append("other")
    return broken


CASES = [(at, bad) for at, field in places(SCHEMA, ()) for bad in beyond(field)]


def with_value(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    made = inner = copy.deepcopy(document)
    for key in at[:-1]:
        inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
    inner[at[-1]] = value
    return made


def test_there_is_a_case_for_every_limit() -> None:
    assert {at[-1] for at, _ in CASES} >= set(LIMITS) - {"text", "node"}


@pytest.mark.parametrize(("at", "bad"), CASES, ids=[f"{'.'.join(map(str, at))}-{n}" for n, (at, _) in enumerate(CASES)])
def test_what_breaks_a_limit_is_refused_by_the_schema_and_by_the_program(at: tuple[Any, ...], bad: Any) -> None:
    document = with_value(WHOLE, at, bad)
    assert wrong(document)
    with pytest.raises(PatchError):
        loads(json.dumps(document))


def test_what_the_schema_refuses_the_program_refuses(path: Path) -> None:
    rng, whole, refused = random.Random(5), path.read_bytes(), 0
    for _ in range(1500):
        text = grafted(rng, whole)
        if wrong(json.loads(text)):
            refused += 1
            with pytest.raises(PatchError):
                loads(text)
    assert refused > 200


def test_the_schema_of_commands_knows_every_command() -> None:
    schema = of_commands()
    names = {kind.__struct_config__.tag for kind in Command.__args__}  # type: ignore[attr-defined]
    assert set(schema["discriminator"]["mapping"]) == names
    assert "add_node" in names
    for name in names:
        with pytest.raises(PatchError, match="no command"):
            command_json.decode(json.dumps({"do": name, "colour": 1}))
