"""The entries of `results.json`: how they are selected."""

from typing import Any

from ..score.measure import Entry

SCHEMA = 2


def select(entries: list[Entry], **wanted: Any) -> list[Entry]:
    """The entries whose keys have the wanted values."""
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def find(entries: list[Entry], **wanted: Any) -> Entry:
    """The first of the selected entries."""
    return select(entries, **wanted)[0]


def pooled(figures: list[Entry]) -> list[Entry]:
    """One figure per arm: its seeds together where it has several, its only seed otherwise."""
    several = {entry["arm"] for entry in figures if entry["checkpoint"] is None}
    return [entry for entry in figures if entry["checkpoint"] is None or entry["arm"] not in several]
