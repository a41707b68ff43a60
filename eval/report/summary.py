"""What the results say, in sentences: the answer, and how much stands behind it."""

from collections.abc import Sequence

from ..analyse.caveats import CLEARLY_MORE, HARDLY
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
    changes_from: dict[str, list[str]] = {}
    for contrast in named:
        reference = "the base" if contrast["question"] == "base" else contrast["against"]
        changes_from.setdefault(reference, []).append(_change(data, contrast))
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


def _change(data: ReportData, contrast: Entry) -> str:
    """What became of HAcc; where the ends of samples may explain it, that comes first."""
    figures = pooled(select(data.whole("figures"), metric="hacc"))
    before, after = (find(figures, arm=arm)["value"] for arm in (contrast["against"], contrast["arm"]))
    arm, values = contrast["arm"], f"from {before:.2f} to {after:.2f} ({signed(contrast)}"
    if contrast["low"] is None:
        return f"{arm} takes HAcc {values}, too few problems for an interval)"
    truncation = _truncation(data, contrast)
    margin = contrast["margin"]
    if contrast["claim"] == "equivalent":
        return f"{truncation}{arm} changes HAcc by less than {margin:g}, {values}; equivalent at that margin)"
    if contrast["claim"] == "undecided":
        return f"{truncation}{arm} leaves undecided whether HAcc changes by {margin:g}, {values})"
    if _is_null(contrast):
        unseen = f"one below {contrast['mdd']:.2f} could go unseen"
        return f"{truncation}{arm} shows no change of HAcc, {values}; {unseen})"
    return f"{truncation}{arm} {'lowers' if contrast['diff'] < 0 else 'raises'} HAcc {values})"


def _truncation(data: ReportData, contrast: Entry) -> str:
    """A clause on cut and unclosed samples, where an arm has clearly more or less of them than what it is held against,
    or where there are some and those that ended do not show the change."""
    ours, theirs = (_unended(data, arm) for arm in (contrast["arm"], contrast["against"]))
    ended = select(data.whole("contrasts"), arm=contrast["arm"], against=contrast["against"])
    ended = select(ended, metric="hacc_finished")
    shown = bool(ended) and ended[0]["low"] is not None and _same_change(ended[0], contrast)
    if abs(ours - theirs) <= CLEARLY_MORE and (shown or _is_null(contrast) or max(ours, theirs) <= HARDLY):
        return ""
    rest = f"HAcc of the rest changes by {signed(ended[0])}" if ended else "too few are left to compare"
    shares = (
        f"{ours:.0%} of {contrast['arm']}'s samples are cut or unclosed ({contrast['against']}: {theirs:.0%})"
    )
    return f"truncation first: {shares}, and {rest}; over all, "


def _unended(data: ReportData, arm: str) -> float:
    figures = select(pooled(data.whole("figures")), arm=arm)
    counts = {metric: select(figures, metric=metric) for metric in ("hacc", "hacc_finished")}
    finished = counts["hacc_finished"][0]["n"] if counts["hacc_finished"] else 0
    return 1 - finished / counts["hacc"][0]["n"]


def _is_null(contrast: Entry) -> bool:
    return bool(contrast["low"] <= 0 <= contrast["high"])


def _same_change(ended: Entry, contrast: Entry) -> bool:
    return not _is_null(ended) and (ended["diff"] < 0) == (contrast["diff"] < 0)
