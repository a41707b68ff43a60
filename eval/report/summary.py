"""What the results say, in sentences: the answer, and how much stands behind it."""

from collections.abc import Sequence

from ..analyse.contrasts import references
from ..analyse.formats import signed
from ..analyse.results import ReportData, SetMode, find, pooled, select
from ..score.measure import Entry


def set_modes(results: Entry) -> list[SetMode]:
    """The sets and modes of a report, those with constraints and answers first."""
    pairs = list(dict.fromkeys((figure["set"], figure["mode"]) for figure in results["figures"]))
    held = {(figure["set"], figure["metric"]) for figure in results["figures"]}
    pairs.sort(key=lambda pair: -sum((pair[0], metric) in held for metric in ("hacc", "correct")))
    return [SetMode(*pair) for pair in pairs]


def first_modes(results: Entry) -> list[SetMode]:
    """Each set in its first mode, the one that the others are compared with."""
    first: dict[str, SetMode] = {}
    for set_mode in set_modes(results):
        first.setdefault(set_mode.set, set_mode)
    return list(first.values())


def answers(sets: Sequence[ReportData]) -> list[str]:
    """A sentence a set with constraints: what each reasoning arm did to HAcc, with its interval, nulls included."""
    sentences = [sentence for data in sets if (sentence := _answer(data))]
    return sentences or ["No arm was compared with the base on constraints yet."]


def _answer(data: ReportData) -> str | None:
    against, role = references(data.entries("contrasts")), data.roles()
    changes = select(data.whole("contrasts"), metric="hacc")
    counted = [contrast for contrast in changes if contrast["against"] == against.get(contrast["arm"])]
    named = [
        contrast
        for contrast in counted
        if role[contrast["arm"]] == "treatment" or contrast["question"] == "pair"
    ] or counted
    if not named:
        return None
    figures = pooled(select(data.whole("figures"), metric="hacc"))
    changes_from: dict[str, list[str]] = {}
    for contrast in named:
        before, after = (find(figures, arm=arm)["value"] for arm in (contrast["against"], contrast["arm"]))
        reference = "the base" if contrast["question"] == "base" else contrast["against"]
        changes_from.setdefault(reference, []).append(_change(contrast, before, after))
    where = f"On {data.set} ({size(data)}, 95 % intervals in brackets)"
    return (
        f"{where}, "
        + "; ".join(f"against {name}: {'; '.join(changes)}" for name, changes in changes_from.items())
        + "."
    )


def size(data: ReportData) -> str:
    """How much stands behind the figures of a set: problems, and samples an arm."""
    lengths = select(pooled(data.whole("figures")), metric="answer_tokens")
    return f"{_range(lengths, 'clusters')} problems, {_range(lengths, 'n')} samples an arm"


def _range(entries: Sequence[Entry], key: str) -> str:
    values = sorted({entry[key] for entry in entries})
    # The first and the last, or the only one.
    return " to ".join(map(str, values[:: len(values) - 1 or 1]))


def _change(contrast: Entry, before: float, after: float) -> str:
    values = f"from {before:.2f} to {after:.2f} ({signed(contrast)}"
    if contrast["low"] is None:
        return f"{contrast['arm']} takes HAcc {values}, too few problems for an interval)"
    if contrast["low"] <= 0 <= contrast["high"]:
        return f"{contrast['arm']} shows no change of HAcc, {values}; one below {contrast['mdd']:.2f} could go unseen)"
    return f"{contrast['arm']} {'lowers' if contrast['diff'] < 0 else 'raises'} HAcc {values})"
