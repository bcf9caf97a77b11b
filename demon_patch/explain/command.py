"""The command `demon-patch explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.text import Text

from demon_patch.console import examples, out, show
from demon_patch.errors import DemonError, visible

if TYPE_CHECKING:
    from demon_patch.explain.compiled import CompiledPatch, Found

EXAMPLES = examples(
    "demon-patch explain first.dpatch.json                   # the program",
    "demon-patch explain first.dpatch.json lfo               # a node's stages",
    "demon-patch explain first.dpatch.json lfo --stage array # one of them",
    "demon-patch explain first.dpatch.json --stage inputs    # of every node",
)


def explain(
    patch: Path,
    node: str | None = None,
    *,
    stage: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    page: Path | None = None,
) -> None:
    """Shows what a patch is compiled to: its program, or one node from its declaration to its generated code.

    Without a node it shows the order of nodes, loops and where they are cut, bus slots, and how each control is taken.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch).
        node: A node's id, label or title; within a subpatch with its path: left/lfo.
        stage: Only this stage, may be repeated: inputs, declared, inlined, specialised, float, array or program.
        page: Writes a page here (Markdown), or over a former one: the node through all stages and into the ring.
    """
    from demon_patch.explain.compiled import CompiledPatch
    from demon_patch.explain.overview import overview
    from demon_patch.explain.stages import STAGES, stages_of, whole_program
    from demon_patch.nearest import chosen

    for name in stage:
        if name not in STAGES:
            raise DemonError(f"there is no stage {name!r}", mend=chosen(name, list(STAGES)))
    compiled = CompiledPatch.of_file(patch)
    if page is not None:
        _page(compiled, node, patch, page)
        return
    if node is None and not stage:
        for heading, lines in overview(compiled):
            _section(heading, lines)
        return
    if node is None and stage == ("program",):
        _section("program", list(whole_program(compiled)))
        return
    for found in _nodes(compiled, node, patch):
        _heading(f"{compiled.name(found.path)}: {found.title}{f', {found.node.label!r}' if found.node.label else ''}")
        for name in stage or stages_of(compiled, found):
            what, lines = STAGES[name]
            _section(f"{name}: {what}", list(lines(compiled, found)))


def _page(compiled: CompiledPatch, node: str | None, file: Path, target: Path) -> None:
    from demon_patch.explain.page import for_file
    from demon_patch.runtime.assets.text_pages import check_page, write_page

    if node is None:
        raise DemonError("a page follows one node", file=file, mend="name a node")
    check_page(target)
    found, *_ = _nodes(compiled, node, file)
    write_page(target, for_file(compiled, found, file, target))
    show(f"wrote {target}")


def _nodes(compiled: CompiledPatch, node: str | None, file: Path) -> list[Found]:
    """Returns the nodes that are asked for; of a subpatch those within it. Raises DemonError."""
    from demon_patch.patch.model.graph import REROUTE, SUBPATCH

    if node is None:
        return [f for f in compiled.nodes.values() if f.node.type not in (SUBPATCH, REROUTE)]
    try:
        found = compiled.find(node)
    except DemonError as error:
        raise error.located(file=file) from None
    if found.node.type == REROUTE:
        raise DemonError("a reroute is only a bend in a cable", file=file, node=found.path, mend="name a node")
    return compiled.inside(found.path) if found.node.type == SUBPATCH else [found]


def _heading(text: str) -> None:
    out.print(Text(visible(text), style="bold underline"), soft_wrap=True)
    out.print()


def _section(heading: str, lines: list[str]) -> None:
    out.print(Text(visible(heading), style="bold"), soft_wrap=True)
    for line in lines:
        out.print(Text("\n".join(f"  {part}" for part in visible(line, lines=True).split("\n"))), soft_wrap=True)
    out.print()
