"""What every pass needs of expressions: a copy, and the names that one reads."""

from __future__ import annotations

import ast


def copied(e: ast.expr) -> ast.expr:
    """A copy of an expression, which a pass may change in place. The only way in which this package copies one."""
    return ast.parse(ast.unparse(e), mode="eval").body


def parsed(text: str) -> ast.expr:
    """The expression that a text stands for."""
    return ast.parse(text, mode="eval").body


def names_read(e: ast.expr) -> set[str]:
    """The names that an expression reads; of a field, `name.field`. Names of functions do not count."""
    found: set[str] = set()
    waiting: list[ast.AST] = [e]
    while waiting:
        match part := waiting.pop():
            case ast.Attribute(value=ast.Name(id=name), attr=field):
                found.add(f"{name}.{field}")
            case ast.Name(id=name):
                found.add(name)
            case ast.Call(args=args):
                waiting.extend(args)
            case _:
                waiting.extend(ast.iter_child_nodes(part))
    return found
