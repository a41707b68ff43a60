"""What the results say, in words: the answer, and how much stands behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..analyse.caveats import CLEARLY_MORE, HARDLY
from ..analyse.contrasts import references
from ..analyse.formats import probability, ranged, signed
from ..analyse.results import ReportData, SetMode, find, pooled, select
from ..score.measure import Entry

FEW = 3  # changes that one sentence holds


@dataclass(frozen=True)
class Answer:
    """What became of HAcc on a set: `where`, how much stands behind it, and by reference a clause an arm, nulls included."""

    where: str
    changes: Mapping[str, Sequence[str]]

    @property
    def sentence(self) -> str:
        """All in one where arms are few, else what the list of changes opens with."""
        if self.listed:
            return f"{self.where}:"
        changes = "; ".join(f"against {name}: {'; '.join(said)}" for name, said in self.changes.items())
        return f"{self.where}, {changes}." if changes else f"{self.where}."

    @property
    def listed(self) -> list[str]:
        """The changes, where they are too many for a sentence."""
        each = [f"against {reference}: {one}" for reference, said in self.changes.items() for one in said]
        return each if len(each) > FEW else []

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"- {change}" for change in self.listed)])


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


def answers(sets: Sequence[ReportData]) -> list[Answer]:
    """One a set with constraints: what each reasoning arm did to HAcc, with its interval."""
    said = [answer for data in sets if (answer := _answer(data))]
    return said or [Answer("No arm was compared with the base on constraints yet", {})]


def _answer(data: ReportData) -> Answer | None:
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
    return Answer(f"On {data.set} ({size(data)}, 95 % intervals in brackets)", changes_from)


def size(data: ReportData) -> str:
    """How much stands behind the figures of a set: problems, and samples an arm."""
    counts = select(pooled(data.whole("figures")), metric="unclosed")  # which is known of every sample
    problems, samples = (ranged(entry[key] for entry in counts) for key in ("clusters", "n"))
    return f"{problems} problems, {samples} samples an arm"


def _change(data: ReportData, contrast: Entry) -> str:
    """What became of HAcc; where the ends of samples may explain it, that comes first."""
    figures = pooled(select(data.whole("figures"), metric="hacc"))
    before, after = (find(figures, arm=arm)["value"] for arm in (contrast["against"], contrast["arm"]))
    arm, values = contrast["arm"], f"from {before:.2f} to {after:.2f} ({signed(contrast)}"
    if contrast["low"] is None:
        return f"{arm} takes HAcc {values}, too few problems for an interval)"
    return _truncation(data, contrast) + _claim(contrast, arm, values)


def _claim(contrast: Entry, arm: str, values: str) -> str:
    margin = contrast["margin"]
    if contrast["claim"] == "equivalent":
        return f"{arm} changes HAcc by less than {margin:g}, {values}; equivalent at that margin)"
    if contrast["claim"] == "undecided":
        return f"{arm} leaves undecided whether HAcc changes by {margin:g}, {values})"
    if _is_null(contrast):
        unseen = f"one below {contrast['mdd']:.2f} could go unseen"
        return f"{arm} shows no change of HAcc, {values}; {unseen})"
    return f"{arm} {'lowers' if contrast['diff'] < 0 else 'raises'} HAcc {values}{_doubt(contrast)})"


def _doubt(contrast: Entry) -> str:
    """What is left of a clear interval where its p, adjusted for all comparisons of its family, is not below 0.05."""
    p = contrast["p_holm"]
    return (
        f"; not clear among so many comparisons, p {probability(p)} by Holm"
        if p is not None and p > 0.05
        else ""
    )


def _truncation(data: ReportData, contrast: Entry) -> str:
    """A clause on cut and unclosed samples, where an arm has clearly more or less of them than what it is held against,
    or where there are some and those that ended do not show the change."""
    ours, theirs = (_unended(data, arm) for arm in (contrast["arm"], contrast["against"]))
    ended = select(data.whole("contrasts"), arm=contrast["arm"], against=contrast["against"])
    ended = select(ended, metric="hacc_finished")
    shown = bool(ended) and ended[0]["low"] is not None and _same_change(ended[0], contrast)
    if abs(ours - theirs) <= CLEARLY_MORE and (shown or _is_null(contrast) or max(ours, theirs) <= HARDLY):
        return ""
    rest = (
        f"HAcc on what both finish changes by {signed(ended[0])}" if ended else "too few are left to compare"
    )
    shares = (
        f"{ours:.0%} of {contrast['arm']}'s samples are cut or unclosed ({contrast['against']}: {theirs:.0%})"
    )
    return f"truncation first: {shares}, and {rest}; over all, "


def _unended(data: ReportData, arm: str) -> float:
    # Seed by seed, for a seed without a finished sample has no figure of those.
    figures = [entry for entry in data.whole("figures") if entry["arm"] == arm and entry["checkpoint"]]
    counts = {
        metric: sum(entry["n"] for entry in select(figures, metric=metric))
        for metric in ("hacc", "hacc_finished")
    }
    return 1 - counts["hacc_finished"] / counts["hacc"]


def _is_null(contrast: Entry) -> bool:
    return bool(contrast["low"] <= 0 <= contrast["high"])


def _same_change(ended: Entry, contrast: Entry) -> bool:
    return not _is_null(ended) and (ended["diff"] < 0) == (contrast["diff"] < 0)
