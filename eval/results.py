"""The shape of `results.json` and `metrics.json`: their entries, their rounding, their bytes."""

import json
import os
from pathlib import Path
from typing import Any

from .measure import Group, Measure
from .stats import Estimate

SCHEMA = 1
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


def write_json(path: str | Path, content: Entry) -> None:
    """Write whole or not at all: keys sorted, floats to 6 digits, so equal results are equal bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(_rounded(content), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return round(content, DIGITS) + 0.0 if isinstance(content, float) else content
