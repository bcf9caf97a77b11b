"""Writes docs/protocol.md: every message with its fields, from the structs and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import msgspec
from msgspec import inspect as types

from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.record import Record
from demon_patch.runtime.live.status import SlotStatus, Status
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.access import ENVIRONMENT, LOOPBACK
from demon_patch.runtime.remote.messages import VERSION, base
from demon_patch.runtime.remote.messages.base import Event, Part, Reply
from demon_patch.runtime.remote.messages.events import EVENTS
from demon_patch.runtime.remote.telemetry import HELD
from demon_patch.runtime.remote.verbs import VERBS, Verb

EXAMPLE = '''\
"""Turns a knob of a running host while it plays: python client.py ws://127.0.0.1:8765 scheduler strength"""
import asyncio, math, os, sys
import msgpack, websockets


async def main(url, node, port, seconds=5.0):
    token = os.environ.get("DEMON_PATCH_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(url, additional_headers=headers, max_size=2**26) as host:

        async def ask(number, verb, **fields):
            await host.send(msgpack.packb({"verb": verb, "id": number, **fields}))
            while (message := msgpack.unpackb(await host.recv())).get("id") != number:
                if message["is"] == "status_change":
                    print("control frame", message["frame"], message["fields"].get("peak_db"), "dBFS")
            if message["is"] == "refused":
                raise SystemExit(message["fault"]["text"])
            return message

        welcome = await ask(1, "hello", version=VERSION, client="example")
        print("connected to", welcome["model"]["title"], "as", welcome["client"])
        for step in range(2, round(20 * seconds)):
            value = 0.5 + 0.3 * math.sin(step / 10)
            turned = await ask(step, "turn", values=[[node, port, value]])
            await asyncio.sleep(0.05)
        print("the last turn is heard in", turned["heard"][0]["seconds"], "s")
        await ask(step + 1, "release", ports=[[node, port]])


asyncio.run(main(*sys.argv[1:4], *map(float, sys.argv[4:])))
'''.replace("VERSION", str(VERSION))

INTRO = f"""\
# The wire: how other programs play a running host

*This page is generated: `demon-patch schema --protocol --out docs/protocol.md`.*

`demon-patch host PATCH` plays a patch and listens on `ws://{LOOPBACK}`. Editor, terminal, command line, tests and your
own programs are its clients, and all have the same verbs.

## A connection

- A WebSocket whose binary messages are [msgpack](https://msgpack.org) maps. Text messages are refused.
- A client sends *requests*: `verb` says what it wants, `id` is a number of its choice. The host answers each request of
  a client in order with one *reply* of the same `id`; `is` says what the reply is. Beside the replies come *events*.
- The first request is `hello`, with the version of the wire, which is {VERSION}. A client of another version is refused
  with one sentence. An unknown field is refused, so a misspelt one is noticed; a field at its default may be left out,
  and the host leaves it out, too.
- What cannot be done is answered by `refused`, and nothing has changed. It says what is wrong, where (node, port, file)
  and what can be done.
- A *revision* `[epoch, counter]` names a state of the document. Every edit adds one to the counter. A client gets the
  document by `document` and then follows the event `edit`; it passes over edits whose revision it has already. Another
  song (`open`, `new`) is an `edit` with the whole document, which begins a new epoch; control frames then count from 0.
- Telemetry gives way to everything else: of each kind one message waits, and one that falls due meanwhile takes its
  place. `dropped` counts them. Replies and events are never dropped; a client that leaves {limits.OUTBOX // 2**20} MiB
  of them lying loses its connection, and may come back.
- Undo is for each client. A client that comes back under its name finds its history. The gesture of a client that goes
  is closed as it stands.

## Who may connect

- By default only programs of the host's machine: it listens on the loopback interface. Another address needs a token,
  which the host takes from a file (`--token-file`, readable by its owner alone) or from `{ENVIRONMENT}`, and which a
  client sends in the header `Authorization: Bearer TOKEN`. It never stands in a command line or in an address.
- The connection is not encrypted. To play a host on another machine from a laptop, leave the host on its loopback
  interface and let SSH carry the connection: `ssh -N -L 8765:127.0.0.1:8765 BOX`, then connect to `{LOOPBACK}`.
- A page in a browser cannot connect: a handshake with `Origin` is refused, and so is one that calls the host by a name
  which is not its own (`Host`).
- Nothing that a message says is run as code. Names of files lead into the patch's folder and the asset store only;
  uploads are sounds, safetensors files or packs, which are opened and checked before they are kept.

| limit | |
|---|---|
| bytes of a message | {limits.MESSAGE // 2**20} MiB; the connection ends with code 1009 |
| messages a second, of one client | {limits.RATE:g}, and {limits.BURST} at once; what is beyond is refused (`limit`) |
| clients | {limits.CLIENTS}; the next one is refused with status 503 |
| uploads | {limits.UPLOADS} at once of one client, each up to {limits.UPLOAD // 2**20} MiB |
| hello | within {limits.HELLO_SECONDS:g} s |

## An example

It needs the packages `websockets` and `msgpack`, and nothing of this program.

```python
{EXAMPLE}```

In Python, `demon_patch.runtime.remote.client.Client` has a method for each verb and keeps a copy of the document.
"""


def page() -> str:
    """Returns the page as Markdown."""
    parts = [INTRO, "\n## Verbs\n"]
    groups: dict[str, list[Verb]] = {}
    for verb in VERBS.values():
        groups.setdefault(verb.request.__module__, []).append(verb)
    for module, verbs in groups.items():
        parts.append(f"\n### {_heading(module)}\n")
        for verb in verbs:
            reply = msgspec.inspect.type_info(verb.reply)
            name = cast(types.StructType, reply).tag
            parts.append(f"\n{_message(verb.request)}\nReply: `{name}`.\n")
    replies = [event for event in EVENTS if issubclass(event, Reply)]
    parts.append("\n## Replies\n")
    parts += [f"\n{_message(reply)}" for reply in replies]
    parts.append("\n## Events\n")
    parts += [f"\n{_message(event)}" for event in EVENTS if not issubclass(event, Reply)]
    parts.append("\n## Parts of messages\n")
    parts += [f"\n{_part(part)}" for part in _parts()]
    parts.append(f"\n## Fields of the status\n\n{_status()}")
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).rstrip() + "\n"


def _heading(module: str) -> str:
    text = inspect.getdoc(__import__(module, fromlist=["x"])) or ""
    return text.split(".")[0].split(":")[0]


def _message(kind: type[Any]) -> str:
    info = cast(types.StructType, types.type_info(kind))
    fields = [field for field in info.fields if field.name != "id"]
    return f"#### `{info.tag}`\n\n{_described(kind, fields)}"


def _part(kind: type[Any]) -> str:
    info = cast(types.StructType, types.type_info(kind))
    return f"#### {kind.__name__}\n\n{_described(kind, list(info.fields))}"


def _described(kind: type[Any], fields: list[types.Field]) -> str:
    """The docstring of a message, and a table of its fields."""
    text = " ".join((inspect.getdoc(kind) or "").split())
    names = "|".join(re.escape(field.name) for field in fields)
    said: dict[str, str] = {}
    if names:
        pieces = re.split(rf"(?:(?<=\. )|(?<=\.)\s|^)((?:{names})(?:, (?:{names}))*): ", text)
        text = pieces[0].strip()
        for keys, words in zip(pieces[1::2], pieces[2::2], strict=True):
            for key in keys.split(", "):
                said[key] = words.strip()
    rows = [f"| `{each.name}` | {_type(each.type)}{_default(each)} | {said.get(each.name, '')} |" for each in fields]
    return text + ("\n\n| field | type | |\n|---|---|---|\n" + "\n".join(rows) if rows else "") + "\n"


def _default(field: types.Field) -> str:
    if field.required:
        return ""
    value = field.default if field.default is not msgspec.NODEFAULT else None
    if value in (None, "", (), msgspec.UNSET) or field.default is msgspec.NODEFAULT:
        return ", optional"
    shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return f", {list(shown) if isinstance(shown, tuple) else shown} by default"


def _type(kind: types.Type) -> str:
    """A type in words."""
    return next((words(kind) for kinds, words in _WORDS if isinstance(kind, kinds)), "any data")


def _range(kind: types.FloatType | types.IntType) -> str:
    lo, hi = kind.ge, kind.le
    return "" if lo is None or hi is None or abs(hi) >= 1e7 else f" {lo:g} to {hi:g}"


def _union(kind: types.UnionType) -> str:
    structs = [inner.cls for inner in kind.types if isinstance(inner, types.StructType)]
    if len(structs) > 5:
        return "command"
    inner = [_type(each) for each in kind.types]
    return "any data" if len(inner) > 5 else " or ".join(dict.fromkeys(sorted(inner, key=lambda word: word == "null")))


def _struct(kind: type[Any]) -> str:
    if kind is Grid:
        return 'grid: {"unit": "beat" or "bar", "count": number}'
    if issubclass(kind, Record):
        return f"{kind.word()} (docs/format.md)"
    return kind.__name__


def _named_tuple(kind: types.NamedTupleType) -> str:
    named: dict[Any, str] = {Revision: "revision", CableKey: "[src, out, dst, port]"}
    return named.get(kind.cls, f"[{', '.join(field.name for field in kind.fields)}]")


def _text(kind: types.StrType) -> str:
    return "text" if kind.max_length is None or kind.max_length <= 1000 else f"text, up to {kind.max_length}"


_WORDS: tuple[tuple[type[Any], Callable[[Any], str]], ...] = (
    (types.Metadata, lambda kind: _type(kind.type)),
    (types.UnionType, _union),
    (types.LiteralType, lambda kind: " or ".join(f"`{value}`" for value in kind.values)),
    (types.StructType, lambda kind: _struct(kind.cls)),
    (types.NamedTupleType, _named_tuple),
    (types.TupleType, lambda kind: f"[{', '.join(map(_type, kind.item_types))}]"),
    (types.VarTupleType, lambda kind: f"list of {_type(kind.item_type)}"),
    (types.ListType, lambda kind: f"list of {_type(kind.item_type)}"),
    (types.DictType, lambda kind: f"map of {_type(kind.value_type)}"),
    (types.FloatType, lambda kind: f"number{_range(kind)}"),
    (types.IntType, lambda kind: f"integer{_range(kind)}"),
    (types.StrType, _text),
    (types.BoolType, lambda kind: "boolean"),
    (types.BytesType, lambda kind: "binary"),
    (types.NoneType, lambda kind: "null"),
)
"""By kind of type, what it is called."""


def _parts() -> Iterator[type[Any]]:
    """The structs within messages, by the module that declares them."""
    kinds: Iterable[type[Any]] = Part.__subclasses__()
    for kind in sorted(kinds, key=lambda kind: (kind.__module__, kind.__name__)):
        if kind is not Event and kind is not base.Request:
            yield kind


def _status() -> str:
    """The fields of the status, with what its docstring says."""
    text = (inspect.getdoc(Status) or "") + "\n" + (inspect.getdoc(SlotStatus) or "")
    said: dict[str, str] = {}
    for keys, words in re.findall(r"^((?:\w+)(?:, \w+)*): (.*(?:\n {4}.*)*)", text, re.MULTILINE):
        said |= {key: " ".join(words.split()) for key in keys.split(", ")}
    rows = [f"| `{name}` | {said.get(name, '')} |" for name in Status.__dataclass_fields__ if name not in HELD]
    return "| field | |\n|---|---|\n" + "\n".join(rows) + "\n"
