"""The entries of `results.json` as they are read: selected, pooled over seeds, and those of one set and mode."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from ..score.measure import Entry

SCHEMA = 5
Rows = list[list[str]]  # a table: the first row is the header


def select(entries: Sequence[Entry], **wanted: Any) -> list[Entry]:
    """The entries whose keys have the wanted values."""
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def find(entries: Sequence[Entry], **wanted: Any) -> Entry:
    """The first of the selected entries."""
    return select(entries, **wanted)[0]


def pooled(figures: Sequence[Entry]) -> list[Entry]:
    """One figure per arm: its seeds together where it has several, its only seed otherwise."""
    several = {entry["arm"] for entry in figures if entry["checkpoint"] is None}
    return [entry for entry in figures if entry["checkpoint"] is None or entry["arm"] not in several]


@dataclass(frozen=True)
class SetMode:
    """One set asked in one mode."""

    set: str
    mode: str


@dataclass(frozen=True)
class ReportData:
    """What the tables and figures of one set and mode are made from: results.json's lists, the set's entries only."""

    set: str
    mode: str
    lists: dict[str, list[Entry]]

    @classmethod
    def of(cls, results: Entry, set_mode: SetMode) -> "ReportData":
        # An arm has no set: it belongs to all of them.
        lists = {
            name: [entry for entry in entries if entry.get("set", set_mode.set) == set_mode.set]
            for name, entries in results.items()
            if isinstance(entries, list) and name != "notes"
        }
        return cls(set_mode.set, set_mode.mode, lists)

    def on_set(self, name: str) -> list[Entry]:
        """The entries of a list, in every mode."""
        return self.lists[name]

    def entries(self, name: str) -> list[Entry]:
        """The entries of a list in this mode; of comparisons, those with this mode on both sides."""
        return [
            entry
            for entry in self.lists[name]
            if entry["mode"] == self.mode and entry.get("against_mode") in (None, self.mode)
        ]

    def whole(self, name: str) -> list[Entry]:
        """The entries in this mode of all samples rather than of a group."""
        return select(self.entries(name), group=None)

    @property
    def modes(self) -> list[str]:
        """The modes that the set was asked in, the first one first."""
        return list(dict.fromkeys(entry["mode"] for entry in self.lists["figures"]))

    def in_mode(self, mode: str) -> "ReportData":
        return ReportData(self.set, mode, self.lists)

    def roles(self) -> dict[str, str]:
        """The role of each arm."""
        return {entry["arm"]: entry["role"] for entry in self.lists["arms"]}

    def with_role(self, role: str) -> Container[str]:
        """The arms of a role; controls are there to be compared with, not for themselves."""
        return [arm for arm, assigned in self.roles().items() if assigned == role]
