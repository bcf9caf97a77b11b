"""The command `demon-patch nodes`: what nodes there are, which fit, and one of them whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from string import digits
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from demon_patch.console import JsonFlag, examples, out
from demon_patch.errors import DemonError
from demon_patch.nearest import either, in_short

if TYPE_CHECKING:
    from demon_patch.nodes.language.declare import Declaration
    from demon_patch.nodes.language.ports import Out, Port

EXAMPLES = examples(
    "demon-patch nodes                     # all, by category",
    "demon-patch nodes random              # those that have to do with a word",
    "demon-patch nodes lfo                 # one node with every port",
    "demon-patch nodes --gives gate        # those with an output of a type",
)


def nodes(
    *words: Annotated[str, Parameter(show_default=False)],
    of_type: Annotated[str | None, Parameter(name="--type")] = None,
    takes: str | None = None,
    gives: str | None = None,
    category: str | None = None,
    page: Path | None = None,
    as_json: JsonFlag = False,
) -> None:
    """Lists nodes: all, those that words lead to, or one with every port where its id is given.

    Parameters:
        words: A node's id, or words of its name, category, description or ports; each must be found.
        of_type: Only those with a port or an output of this type: value, gate, curve, prompt, audio and so on.
        takes: Only those with a port of this type.
        gives: Only those with an output of this type.
        category: Only those of this category, as the list has them.
        page: Writes a page of all nodes here (Markdown), beside it pictures and the pages of formulas and displays.
        as_json: Prints JSON: id, title, sentence, and ports and outputs with types, ranges, units and defaults.
    """
    from demon_patch.nodes.catalogue import CATALOGUE, describe

    if page is not None:
        from demon_patch.gallery.library import write

        for written in write(CATALOGUE, page):
            out.print(f"wrote {written}", soft_wrap=True)
        return
    found = _chosen(words, of_type, takes, gives, category)
    if as_json:
        print(json.dumps(describe({d.id: d for d in found}), indent=2, sort_keys=True))
    elif len(found) == 1 and words:
        _whole(found[0])
    else:
        _listed(found)


def _chosen(
    words: Sequence[str], type: str | None, takes: str | None, gives: str | None, category: str | None
) -> list[Declaration]:
    """Returns the nodes that are asked for; raises DemonError where there are none."""
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.nodes.search import alike, search
    from demon_patch.nodes.search import of_type as typed

    word = " ".join(words)
    found = [CATALOGUE[word]] if word in CATALOGUE else search(words, CATALOGUE)
    if type is not None:
        found = typed(type, "either", found)
    if takes is not None:
        found = typed(takes, "takes", found)
    if gives is not None:
        found = typed(gives, "gives", found)
    if category is not None:
        known = sorted({d.category for d in CATALOGUE.values()})
        if category not in known:
            raise DemonError(f"there is no category {category!r}", mend=f"choose {either(known)}")
        found = [d for d in found if d.category == category]
    if not found:
        what = f"no node has to do with {word!r}" if words else "no node is like that"
        near = alike(word, CATALOGUE) if words else []
        raise DemonError(what, mend=f"did you mean {either(near)}?" if near else "demon-patch nodes lists all")
    return found


def _listed(found: list[Declaration]) -> None:
    """Prints a table of nodes by category, readable at 80 columns."""
    for category, group in groupby(sorted(found, key=lambda d: (d.category, d.title)), key=lambda d: d.category):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=max(len(d.id) for d in found), no_wrap=True)
        table.add_column()
        for d in group:
            table.add_row(Text(d.id, style="bold"), Text(d.sentence))
            table.add_row("", Text(_sides(d), style="dim"))
        out.print(Text(category.capitalize(), style="bold underline"))
        out.print(table)
        out.print()
    count = f"{len(found)} nodes" if len(found) > 1 else "1 node"
    out.print(Text(f"{count}; demon-patch nodes ID shows one with every port"), soft_wrap=True)


def _sides(d: Declaration) -> str:
    """Returns one line with the names of a node's ports and outputs."""
    ports, outs = (in_short(names) for names in ([p.name for p in d.ports if not p.live], [o.name for o in d.outs]))
    return " -> ".join(part for part in (ports, outs) if part)


# -- one node ---------------------------------------------------------------------------------------------------
def _whole(d: Declaration) -> None:
    """Prints a node with all its ports and outputs."""
    out.print(Text.assemble((d.title, "bold"), f"  {d.id}, {d.category}"))
    out.print(Text(d.sentence))
    if d.doc and not d.doc.startswith("("):  # that of a resource says what its key is, for whoever reads the code
        out.print(Text(" ".join(d.doc.split())))
    _table("ports", (_entry(run) for run in _runs([p for p in d.ports if not p.live])))
    if fed := [p for p in d.ports if p.live]:
        out.print(Text(f"\nmeasured or received while it plays, not set: {in_short(p.name for p in fed)}"))
    _table("outputs", ((o.name, _out_facts(o), o.doc) for o in d.outs))
    if d.id == "expression":
        from demon_patch.nodes.formulas import ENTRIES

        for title, entries in ENTRIES.items():
            _table(title, ((spelled, "", meaning) for spelled, meaning in entries))
    out.print(Text(f"\ndisplay: {d.display}"))
    out.print(Text(f"search words: {', '.join(d.tags)}"))


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> None:
    listed = list(rows)
    if not listed:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, facts, doc in listed:
        told = [Text(facts, style="dim")] if facts else []
        table.add_row(Text(f"  {name}", style="bold"), Text("\n").join([*told, *([Text(doc)] if doc else [])]))
    out.print(Text(f"\n{title}", style="underline"))
    out.print(table)


def _runs(ports: list[Port]) -> Iterator[list[Port]]:
    """Yields ports in lists: those of one row, which differ only in the number at the end of their names, together,
    each other port alone."""

    def alike(p: Port) -> tuple[object, ...]:
        return p.name.rstrip(digits), port_facts(p), re.sub(r"\d+", "", p.doc)

    for _, run in groupby(ports, key=alike):
        yield list(run)


def _entry(run: list[Port]) -> tuple[str, str, str]:
    first = run[0]
    return in_short(p.name for p in run), port_facts(first), first.doc


def port_facts(p: Port) -> str:
    """Returns a line on a port: its type, and range, unit, taper and default, or its choices."""
    from demon_patch.nodes.language.ports import SETTINGS

    facts = [p.type]
    if p.choices:
        facts[0] = f"option: {', '.join(p.choices)}"
    elif p.numeric:
        facts.append(number_range(p))
    if p.default is not None and p.type != "points":
        facts.append(f"default {_number(p.default) if p.numeric else repr(p.default)}")
    if not p.wireable and p.type not in SETTINGS:
        facts.append("takes no cable")
    return "; ".join(facts)


def number_range(p: Port | Out) -> str:
    """Returns the declared range of a number: "0.001 to 30 s (log)"."""
    unit, taper = f" {p.unit}" if p.unit else "", getattr(p, "taper", "linear")
    if abs(p.lo) == abs(p.hi) == float("inf"):
        return f"any number{unit and f' of{unit}'}"
    return f"{_number(p.lo)} to {_number(p.hi)}{unit}{'' if taper == 'linear' else f' ({taper})'}"


def _out_facts(o: Out) -> str:
    facts = [str(o.type)]
    if o.like:
        facts.append(f"range and unit as at {o.like}")
    elif o.type in ("value", "curve"):
        facts.append(number_range(o))
    return "; ".join([*facts, *([f"bypassed: {o.passes}"] if o.passes else [])])


def _number(x: object) -> str:
    return f"{x:.10g}" if isinstance(x, (int, float)) else str(x)
