"""Helps every pass with expressions: copies and parses them, and lists the names that they read."""

from __future__ import annotations

import ast


def copied(e: ast.expr) -> ast.expr:
    """Returns a copy of an expression, which a pass may change in place. All passes copy expressions with this function
    alone."""
    return ast.parse(ast.unparse(e), mode="eval").body


def parsed(text: str) -> ast.expr:
    """Returns the expression that a text contains."""
    return ast.parse(text, mode="eval").body


def names_read(e: ast.expr) -> set[str]:
    """Returns the names that an expression reads; for a field, `name.field`. Names of functions do not count."""
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
