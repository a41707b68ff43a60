"""The shape of `results.json` and `metrics.json`: their entries, their rounding, their bytes."""

import json
import os
from pathlib import Path
from typing import Any

from ..score.measure import Group, Measure
from ..stats.intervals import Estimate

SCHEMA = 2
DIGITS = 6

Entry = dict[str, Any]


def group_entry(group: Group | None) -> Entry | None:
    return group and group._asdict()


def figure(measure: Measure, estimate: Estimate, **where: Any) -> Entry:
    """One figure: where it stands, the metric and group, value, interval, samples and clusters."""
    return {**where, "metric": measure.metric, "group": group_entry(measure.group), **estimate._asdict()}


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


def write_json(path: str | Path, content: Entry) -> None:
    """Write whole or not at all: keys sorted, floats to 6 digits, so equal results are equal bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(rounded(content), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)


def rounded(content: Any) -> Any:
    """The same content with every float rounded, and no negative zero."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return round(content, DIGITS) + 0.0 if isinstance(content, float) else content
