"""Makes JSON Schemas (draft 2020-12) of patch files and of commands from the structs of the document.

Shapes, choices and defaults come from the structs. Lengths and ranges, which constructors check, are listed here by
field name; a name has the same limits in every struct. `format.loads` refuses whatever a schema refuses, and more, for
example cables whose ends do not exist. Unknown keys are allowed at every level, as in files.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from demon_patch.patch.edit.commands import Command
from demon_patch.patch.files.migrations import FORMAT
from demon_patch.patch.model import graph, ids, json_values, meta
from demon_patch.patch.model.dashboard import OLDEST_MAPPING_VERSION, ControlMapping
from demon_patch.patch.model.document import Patch

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_LINE: Schema = {"maxLength": json_values.LINE}
_TEXT: Schema = {"maxLength": 20_000}
_NAME: Schema = {"pattern": f"^{json_values.NAME}$"}
_BY_NAME: Schema = {"propertyNames": _NAME}
_ID: Schema = {"pattern": f"^{ids.FORM}$"}

LIMITS: Mapping[str, Schema] = {
    **dict.fromkeys(("title", "author", "licence", "model", "label"), _LINE),
    **dict.fromkeys(("description", "text"), _TEXT),
    **dict.fromkeys(("type", "port", "out"), _NAME),
    **dict.fromkeys(("src", "dst", "node"), _ID),
    **dict.fromkeys(("values", "ranges"), _BY_NAME),
    "nodes": {"maxProperties": graph.NODES},
    "cables": {"maxItems": graph.CABLES},
    "tags": {"maxItems": meta.TAGS, "items": {"type": "string", **_LINE}},
    "version": {"minimum": 1, "maximum": 2**31},
    "bpm": {"minimum": 1e-3, "maximum": 1000},
    "beats_per_bar": {"minimum": 1, "maximum": 64},
}
"""By field name, the limits that the constructors of records check beyond the field's type."""

_VALUE: Schema = {"$ref": "#/$defs/Value"}
_DATA: Schema = {
    "title": "Value",
    "description": "What a node keeps under a name, and what a later version may keep anywhere: JSON data.",
    "anyOf": [
        {"type": ["number", "boolean", "null"]},
        {"type": "string", "maxLength": json_values.TEXT},
        {"type": "array", "items": _VALUE},
        {"type": "object", "additionalProperties": _VALUE, "propertyNames": _LINE},
    ],
}


def of_patches() -> Schema:
    """Returns the schema of a patch file in the format that this version writes."""
    (_,), kinds = msgspec.json.schema_components([Patch], ref_template="#/$defs/{name}")
    defs = {name: _piece(kind) for name, kind in kinds.items()}
    patch = defs.pop("Patch")
    patch["properties"]["format"] = {"const": FORMAT}
    return {
        **patch,
        "$schema": DIALECT,
        "title": "A patch of demon_patch (*.dpatch.json)",
        "required": [*patch.get("required", ()), "format"],
        "$defs": {**defs, "Value": _DATA},
    }


def of_commands() -> Schema:
    """Returns the schema of a command's JSON object (`files.command_json`)."""
    schema = msgspec.json.schema(Command)
    for kind in schema["$defs"].values():
        kind["description"] = inspect.cleandoc(kind["description"])
    return {**schema, "$schema": DIALECT, "title": "A command on a patch of demon_patch"}


def _piece(kind: Schema) -> Schema:
    """Returns the schema of a record's JSON object: its fields with their limits, and any other key."""
    fields = {name: _field(name, field) for name, field in kind["properties"].items() if name != "extra"}
    if kind["title"] == ControlMapping.__name__:
        fields["version"]["default"] = OLDEST_MAPPING_VERSION  # of a file that leaves it out
    made = {key: kind[key] for key in ("type", "required") if kind.get(key)}
    described = {"title": kind["title"], "description": inspect.cleandoc(kind["description"])}
    return {**described, **made, "properties": fields, "additionalProperties": _VALUE, "propertyNames": _LINE}


def _field(name: str, field: Schema) -> Schema:
    made = {key: _kind(part) for key, part in field.items()}
    if isinstance(made.get("default"), dict):
        made["default"] = {}
    if made.get("type") == "object":
        made["propertyNames"] = _LINE if made["additionalProperties"] == _VALUE else _ID
    limits = LIMITS.get(name, {})
    if made.get("default") == "" and "pattern" in limits:
        limits = {"pattern": f"{limits['pattern']}|^$"}
    return {**made, **limits}


def _kind(part: Any) -> Any:
    """Returns a part of a schema in which each place for any JSON data refers to the definition `Value`."""
    if isinstance(part, Mapping):
        if {"type": "object"} in part.get("anyOf", ()):
            return _VALUE
        return {key: _kind(inner) for key, inner in part.items()}
    return part
