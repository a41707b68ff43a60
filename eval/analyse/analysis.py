"""What an analysis is: a list of results.json, how it is computed, and what the report shows of it.

Each file of this folder that ends in an `Analysis` holds all of it; `registry.py` names them in the page's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .results import ReportData, Rows
from .set_data import SetData

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

EntryLists = dict[str, list[Any]]  # what was computed of a set so far, by the name of its list


@dataclass(frozen=True)
class Figure:
    """`draw` gives None where there is nothing to draw, and the page then says `missing`, or nothing if that is empty."""

    name: str
    title: str
    caption: str
    missing: str
    draw: Callable[[ReportData], Drawing | None]


@dataclass(frozen=True)
class Table:
    """`title` folds it; without one it stands open. `style`: `text` aligns cells as words, `ways` and `pair` too."""

    name: str
    rows: Callable[[ReportData], Rows]
    title: str = ""
    style: str = ""
    note: str = ""


@dataclass(frozen=True)
class Sentences:
    """Lines of a list, after `intro`."""

    intro: str
    lines: Callable[[ReportData], Iterable[str]]


@dataclass(frozen=True)
class Analysis:
    """`name` is its list in results.json, `entry` the dataclass of the list's entries; empty where it only shows others'.

    `compute` gets a set and the entries of the analyses before, on the same set. `parts` stand under `heading` on the page,
    with `contents` in its table of contents; `appendix` stands among the tables at the end.
    """

    name: str = ""
    entry: type | None = None
    compute: Callable[[SetData, EntryLists], Iterable[Any]] | None = None
    heading: str = ""
    contents: str = ""
    parts: Sequence[Figure | Table | Sentences] = ()
    appendix: Sequence[Table] = ()
