"""What the results say, in sentences: the answer, and how much stands behind it."""

from collections.abc import Sequence

from ..analyse.contrasts import partners
from ..analyse.formats import signed
from ..analyse.results import ReportData, SetMode, find, pooled, select
from ..score.measure import Entry


def set_modes(results: Entry) -> list[SetMode]:
    """The sets and modes of a report, those with constraints and answers first."""
    found = list(dict.fromkeys((one["set"], one["mode"]) for one in results["figures"]))
    held = {(one["set"], one["metric"]) for one in results["figures"]}
    found.sort(key=lambda place: -sum((place[0], metric) in held for metric in ("hacc", "correct")))
    return [SetMode(*place) for place in found]


def first_modes(results: Entry) -> list[SetMode]:
    """Each set in its first mode, the one that the others are compared with."""
    first: dict[str, SetMode] = {}
    for place in set_modes(results):
        first.setdefault(place.set, place)
    return list(first.values())


def answers(sets: Sequence[ReportData]) -> list[str]:
    """A sentence a set with constraints: what each reasoning arm did to HAcc, with its interval, nulls included."""
    found = [_answer(data) for data in sets]
    return [one for one in found if one] or ["No arm was compared with the base on constraints yet."]


def _answer(data: ReportData) -> str | None:
    sides, role = partners(data.here("contrasts")), data.roles()
    changes = select(data.whole("contrasts"), metric="hacc")
    counted = [one for one in changes if one["against"] == sides.get(one["arm"])]
    named = [
        one for one in counted if role[one["arm"]] == "treatment" or one["question"] == "pair"
    ] or counted
    if not named:
        return None
    figures = pooled(select(data.whole("figures"), metric="hacc"))
    said: dict[str, list[str]] = {}
    for one in named:
        before, after = (find(figures, arm=arm)["value"] for arm in (one["against"], one["arm"]))
        other = "the base" if one["question"] == "base" else one["against"]
        said.setdefault(other, []).append(_change(one, before, after))
    where = f"On {data.set} ({size(data)}, 95 % intervals in brackets)"
    return (
        f"{where}, " + "; ".join(f"against {other}: {'; '.join(all_)}" for other, all_ in said.items()) + "."
    )


def size(data: ReportData) -> str:
    """How much stands behind the figures of a set: problems, and samples an arm."""
    lengths = select(pooled(data.whole("figures")), metric="answer_tokens")
    return f"{_range(lengths, 'clusters')} problems, {_range(lengths, 'n')} samples an arm"


def _range(entries: Sequence[Entry], key: str) -> str:
    values = sorted({one[key] for one in entries})
    return " to ".join(map(str, values[:: len(values) - 1 or 1]))


def _change(one: Entry, before: float, after: float) -> str:
    values = f"from {before:.2f} to {after:.2f} ({signed(one)}"
    if one["low"] is None:
        return f"{one['arm']} takes HAcc {values}, too few problems for an interval)"
    if one["low"] <= 0 <= one["high"]:
        return f"{one['arm']} shows no change of HAcc, {values}; one below {one['mdd']:.2f} could go unseen)"
    return f"{one['arm']} {'lowers' if one['diff'] < 0 else 'raises'} HAcc {values})"
