"""Figures as a reader gets them: values with intervals, differences, p values."""

from collections.abc import Iterable

from ..score.measure import Entry


def rate(entry: Entry | None, digits: int = 2) -> str:
    """A figure with its interval, `0.87 [0.84, 0.90]`; a dash where there is none."""
    if entry is None or entry["value"] is None:
        return "–"
    return f"{entry['value']:.{digits}f}{interval(entry, digits)}"


def ranged(values: Iterable[float], form: str = "") -> str:
    """Counts or figures that may differ: the least and the largest, `118 to 120`, or the only one."""
    least, *more = dict.fromkeys(format(value, form) for value in sorted(values))
    return f"{least} to {more[-1]}" if more else least


def rate_of(entry: Entry, value: str, low: str, high: str) -> str:
    """The same of a figure and its interval that stand under these names."""
    return rate({"value": entry[value], "low": entry[low], "high": entry[high]})


def interval(entry: Entry, digits: int = 2) -> str:
    return "" if entry["low"] is None else f" [{entry['low']:.{digits}f}, {entry['high']:.{digits}f}]"


def signed(entry: Entry | None, digits: int = 2) -> str:
    """A difference with its interval, `−0.55 [−0.60, −0.49]`; a dash where there is none."""
    value = entry and entry.get("diff", entry.get("value"))
    if entry is None or value is None:
        return "–"
    return f"{value:+.{digits}f}{interval(entry, digits)}".replace("-", "−")


def starred(entry: Entry | None) -> str:
    """The same with `*` where the interval leaves zero out."""
    clear = entry and entry["low"] is not None and not entry["low"] <= 0 <= entry["high"]
    return signed(entry) + ("*" if clear else "")


def share(value: float | None) -> str:
    """`87%`; a dash where there is none."""
    return "–" if value is None else f"{value:.0%}"


def probability(value: float | None) -> str:
    """A p value as one writes it: `0.031`, `<0.0001`; a dash where there is none."""
    if value is None:
        return "–"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
