"""docs/results.md from the types of the lists of results.json: `python -m reins.eval.analyse.document docs/results.md`."""

import sys
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any

from ..io.files import write_text
from .fields import Grouping
from .metrics import METRICS
from .modes import SecondPass
from .policies import Change
from .published import Published, PublishedRow
from .registry import LISTS
from .results import SCHEMA

HEAD = f"""# results.json, field by field

Made from the code by `python -m reins.eval.analyse.document docs/results.md`; a test holds it up to date.

`schema` is {SCHEMA}: a field that changes its name or meaning raises it. `recipe`, `preset` and `versions` say what was
evaluated, how it was judged and by which packages; `notes` are the caveats, one line each. Everything else is a list
of entries. Numbers are rounded to six digits; null means not known, never zero.
"""
NAMES = {str: "text", bool: "true/false", int: "whole number", float: "number", NoneType: "null"}


def document() -> str:
    """The page: every list with its fields, then the metrics."""
    lists = [_section(name, analysis.entry) for name, analysis in LISTS.items() if analysis.entry]
    others = [
        _section("group, in figures and contrasts", Grouping),
        _section("second, in modes", SecondPass),
        _section("over_direct and over_think, in policies", Change),
        _section("published, where the report was asked for it", Published),
        _section("published.rows", PublishedRow),
    ]
    return "\n".join([HEAD, *lists, *others, _metrics()])


def _section(name: str, entry: type) -> str:
    rows = "\n".join(_fields(entry))
    return f"## {name}\n{entry.__doc__}\n\n| field | type | meaning |\n|---|---|---|\n{rows}\n"


def _fields(entry: type) -> Iterator[str]:
    hints = typing.get_type_hints(entry, include_extras=True)
    for field in fields(entry):
        kind, meaning = hints[field.name], ""
        if typing.get_origin(kind) is Annotated:
            kind, meaning = typing.get_args(kind)
        yield f"| `{field.name}` | {_type(kind)} | {meaning} |"


def _type(kind: Any) -> str:
    if kind in NAMES:
        return NAMES[kind]
    if kind is Grouping:
        return "group"
    if is_dataclass(kind):
        return "object"
    arguments = [argument for argument in typing.get_args(kind) if argument is not Ellipsis]
    if typing.get_origin(kind) in (list, tuple):
        return "list of texts" if arguments == [str] else "list"
    if all(isinstance(argument, str) for argument in arguments):
        return "text"
    return " or ".join(_type(argument) for argument in arguments)


def _metrics() -> str:
    rows = "\n".join(f"| `{name}` | {metric.label} | {metric.meaning} |" for name, metric in METRICS.items())
    return f"## Metrics\n| metric | in tables | meaning |\n|---|---|---|\n{rows}\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), document())
