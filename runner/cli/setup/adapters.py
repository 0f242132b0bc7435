"""`firstbell adapters`: the kinds that a service may have, and the words of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from firstbell.errors import CONFIG
from firstbell.runner.cli.console import console, echo, give_up
from firstbell.runner.cli.options import JSON_OPTION

if TYPE_CHECKING:
    from firstbell.journeys.adapters.catalog import Kind

SCHEMA = "firstbell.adapters/1"


@click.command()
@click.argument("name", required=False, default="")
@JSON_OPTION
def adapters(name: str, as_json: bool) -> None:
    """List the kinds of services, or the words of one.

    Each is proven here, proven on a likeness (pages of our own that imitate the product), or a recipe.
    """
    from firstbell.journeys.adapters.catalog import kinds  # noqa: PLC0415  It imports the adapters.

    found = [kind for kind in kinds() if name in ("", kind.name)]
    if not found:
        give_up(f"there is no kind '{name}'; list them with: firstbell adapters", code=CONFIG)
    if as_json:
        echo(json.dumps({"schema": SCHEMA, "kinds": [_document(kind) for kind in found]}, indent=1))
    elif name:
        for kind in found:
            _print_one(kind)
    else:
        _print(found)


def _document(kind: Kind) -> dict[str, object]:
    return {
        "name": kind.name,
        "services": list(kind.services),
        "product": kind.product,
        "adapter": kind.adapter,
        "proof": kind.proof,
        "permission": kind.permission,
        "note": kind.note,
        "options": [
            {"name": one.name, "kind": one.kind, "default": one.default, "meaning": one.meaning} for one in kind.options
        ],
    }


def _print(found: list[Kind]) -> None:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("kind", "services", "for", "proof"):
        table.add_column(column)
    for kind in found:
        table.add_row(kind.name, ", ".join(kind.services), kind.product, Text(kind.proof, "quiet"))
    out = console()
    out.print(table)
    out.print(
        '\nPermission and options of one: firstbell adapters NAME. Your own: kind = "module:Class".', style="quiet"
    )


def _print_one(kind: Kind) -> None:
    out = console()
    out.print(Text(f"{kind.name}  {kind.product}", "strong"))
    rows = {"services": ", ".join(kind.services), "proof": kind.proof, "permission": kind.permission, "note": kind.note}
    for label, text in rows.items():
        if text:
            out.print(f"  {label:<12}{text}")
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("option", "a", "default", "meaning"):
        table.add_column(column)
    for one in kind.options:
        table.add_row(one.name, one.kind, Text(one.default), Text(one.meaning))
    if kind.options:
        out.print(table)
