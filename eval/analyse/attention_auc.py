"""Whether attention tells which constraints a thought loses: ranks of each measure, beside lengths and counts.

A constraint of a row is lost where fewer samples follow it behind a thought than directly. A rank that only knows the
constraint's type would do well; so each is also judged on types that it has not seen, within each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..attention.lines import MEASURES, ONSET
from ..score.measure import Entry
from ..stats.intervals import TIE, Flags, Floats, Ints, percentile_interval
from ..verify.decision import DIRECT
from .analysis import Analysis, EntryLists, Figure, Table
from .attention_data import Sides, against_direct, lengths, row_means, verdict_means
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, ORANGE, dot, foot, grid, panels, room
from .style import intervals as interval_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DROPS = tuple(f"drop of {measure}" for measure in MEASURES)
PLAIN = ("thought tokens", "answer tokens", "number of constraints")
TOGETHER = {"all of attention": (*MEASURES, *DROPS), "lengths and number": PLAIN}
RESAMPLES = 1000  # each ranks all constraints again


@dataclass(frozen=True)
class AttentionAuc:
    """How well one number, or several together, rank the constraints that a thought loses above the others."""

    set: SetName
    arm: ArmName
    mode: Mode
    predictor: Annotated[
        str,
        "a measure in the first 16 answer tokens behind a thought; `drop of` one: that of direct answers less it; a "
        "length, or several together",
    ]
    auc: Annotated[
        float | None,
        "share of pairs in which the lost constraint has the higher number; null for several together, and where none or "
        "all are lost",
    ]
    low: Low
    high: High
    new_types: Annotated[
        float | None,
        "the same within each type, of a logistic regression fitted on the other types; null where that cannot be",
    ]
    new_low: Low
    new_high: High
    lost: Annotated[int, "constraints that are lost"]
    n: Annotated[int, "constraints of rows"]
    clusters: Clusters


@dataclass(frozen=True)
class Cases:
    """Constraints of rows: whether each (n,) is lost, its type, the cluster of its problem, and its numbers by name."""

    lost: Flags
    types: Ints
    cluster: Ints
    numbers: Mapping[str, Floats]


def attention_auc(data: SetData, _: EntryLists) -> Iterator[AttentionAuc]:
    """Of every arm that was read in a mode that thinks and in `direct`; the seeds of an arm together."""
    for arm, mode in against_direct(data.attention):
        cases = _cases(data, data.attention, arm, mode)
        if cases is None:
            continue
        draws = _draws(cases.cluster)
        sizes = (int(cases.lost.sum()), len(cases.lost), len(np.unique(cases.cluster)))
        for name in (*cases.numbers, *TOGETHER):
            columns = [cases.numbers[each] for each in TOGETHER.get(name, (name,)) if each in cases.numbers]
            if columns:
                alone = (
                    _ranked(cases.numbers[name], cases, draws, within=False)
                    if name in cases.numbers
                    else NONE
                )
                unseen = _ranked(_on_new_types(columns, cases), cases, draws, within=True)
                yield AttentionAuc(data.name, arm, mode, name, *alone, *unseen, *sizes)


NONE = (None, None, None)


def _cases(data: SetData, sides: Sides, arm: str, mode: str) -> Cases | None:
    """Every constraint that was judged both ways and whose attention was read behind a thought; None where there is
    none."""
    think, direct = verdict_means(sides[arm, mode]), verdict_means(sides[arm, DIRECT])
    tokens = lengths(sides[arm, mode])
    judged: list[tuple[bool, str, int, list[float]]] = []
    for number in range(max(len(row.constraints) for row in data.row_set.rows)):
        after = row_means(sides[arm, mode], ONSET, str(number))
        before = row_means(sides[arm, DIRECT], ONSET, str(number))
        for at, row in enumerate(data.row_set.rows):
            name = row.name
            if name in after and name in before and name in think and name in direct and name in tokens:
                behind, other = after[name].mean(1), before[name].mean(1)
                numbers = [*behind, *(other - behind), *tokens[name], len(row.constraints)]
                lost = bool(direct[name][number] - think[name][number] > TIE)
                judged.append((lost, row.constraints[number].id, int(data.row_set.cluster[at]), numbers))
    if not judged:
        return None
    table = np.array([numbers for *_, numbers in judged], dtype=float)
    kinds = sorted({kind for _, kind, *_ in judged})
    return Cases(
        np.array([lost for lost, *_ in judged]),
        np.array([kinds.index(kind) for _, kind, *_ in judged], dtype=np.intp),
        np.array([cluster for *_, cluster, _ in judged], dtype=np.intp),
        dict(zip((*MEASURES, *DROPS, *PLAIN), table.T, strict=True)),
    )


def _on_new_types(columns: Sequence[Floats], cases: Cases) -> Floats:
    """For each case what a logistic regression says of it that was fitted on the other types; NaN where it cannot be."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table, said = np.column_stack(columns), np.full(len(cases.lost), np.nan)
    for kind in np.unique(cases.types):
        of_type = cases.types == kind
        if len(np.unique(cases.lost[~of_type])) == 2:
            fitted = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
            fitted.fit(table[~of_type], cases.lost[~of_type])
            said[of_type] = fitted.decision_function(table[of_type])
    return said


def _draws(cluster: Ints) -> Ints:
    """How often each case counts in each resample of the problems: (n, resamples)."""
    names, which = np.unique(cluster, return_inverse=True)
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    return np.asarray(counts.T[which], dtype=np.intp)


def _ranked(
    numbers: Floats, cases: Cases, draws: Ints, *, within: bool
) -> tuple[float | None, float | None, float | None]:
    """The share of pairs ranked rightly, over all pairs or those `within` a type, with its interval over problems."""
    known = ~np.isnan(numbers)
    weights = np.column_stack([np.ones(len(numbers), dtype=np.intp), draws]).astype(float)
    right, pairs = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for kind in np.unique(cases.types) if within else [None]:
        chosen = known & (cases.types == kind) if kind is not None else known
        own_right, own_pairs = _pairs(numbers[chosen], cases.lost[chosen], weights[chosen])
        right, pairs = right + own_right, pairs + own_pairs
    if not pairs[0]:
        return NONE
    shares = np.divide(right, pairs, out=np.full_like(right, np.nan), where=pairs > 0)
    if len(np.unique(cases.cluster[known])) < 2:
        return float(shares[0]), None, None
    low, high = percentile_interval(shares[None, 1:])
    return float(shares[0]), float(low[0]), float(high[0])


def _pairs(numbers: Floats, lost: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Of the weighted pairs of a lost and another case, how many the lost one leads (ties half), and how many there are;
    by resample."""
    _, rank = np.unique(numbers, return_inverse=True)
    levels = int(rank.max()) + 1 if len(rank) else 0
    sums = np.zeros((2, levels, weights.shape[1]))
    for is_lost in (0, 1):
        np.add.at(sums[is_lost], rank[lost == bool(is_lost)], weights[lost == bool(is_lost)])
    below = np.cumsum(sums[0], axis=0) - sums[0] / 2
    return (sums[1] * below).sum(0), sums[1].sum(0) * sums[0].sum(0)


def auc_table(data: ReportData) -> Rows:
    """One line a predictor of each arm and mode."""
    table = [["arm", "mode", "ranked by", "AUC", "new types", "lost", "constraints"]]
    for entry in data.on_set("attention_auc"):
        head = [entry["arm"], entry["mode"], entry["predictor"]]
        shown = [
            _shown(entry, *keys) for keys in (("auc", "low", "high"), ("new_types", "new_low", "new_high"))
        ]
        table.append([*head, *shown, str(entry["lost"]), str(entry["n"])])
    return table


def _shown(entry: Entry, value: str, low: str, high: str) -> str:
    if entry[value] is None:
        return "–"
    ends = "" if entry[low] is None else f" [{entry[low]:.2f}, {entry[high]:.2f}]"
    return f"{entry[value]:.2f}{ends}"


def auc_dots(data: ReportData) -> Drawing | None:
    """Each predictor's share of pairs, over all constraints and within types that it has not seen."""
    entries = data.on_set("attention_auc")
    sides = list(dict.fromkeys((e["arm"], e["mode"]) for e in entries if e["auc"] is not None))
    names = list(dict.fromkeys(entry["predictor"] for entry in entries))
    if not sides:
        return None
    drawn, all_axes = panels(len(sides), 2, 0.16 * len(names) + 0.1, left=room(names), gap=0.2)
    ways = {("auc", "low", "high"): BLUE, ("new_types", "new_low", "new_high"): ORANGE}
    for axes, (arm, mode) in zip(all_axes, sides, strict=True):
        for nudge, (keys, colour) in zip((-0.14, 0.14), ways.items(), strict=True):
            known = [e for e in select(entries, arm=arm, mode=mode) if e[keys[0]] is not None]
            renamed = [
                dict(zip(("value", "low", "high"), (e[key] for key in keys), strict=True)) for e in known
            ]
            x, y = [e["value"] for e in renamed], [names.index(e["predictor"]) + nudge for e in known]
            axes.plot(x, y, "o", color=colour, markersize=2.6)
            interval_bars(axes, x, y, renamed, upright=False, colour=colour)
        axes.axvline(0.5, color="black", linewidth=0.6)
        axes.set(
            title=f"{arm}, {mode}", xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xticks=(0, 0.25, 0.5, 0.75, 1)
        )
        axes.set_yticks(range(len(names)), names)
        grid(axes, "x")
    legend = [dot(BLUE, "over all constraints"), dot(ORANGE, "within types that were not seen")]
    foot(drawn, "AUC for constraints that a thought loses, with 95 % interval; 0.5 tells nothing", legend)
    return drawn


ANALYSIS = Analysis(
    name="attention_auc",
    entry=AttentionAuc,
    compute=attention_auc,
    parts=[
        Figure(
            "attention_auc",
            "Whether attention tells which constraints a thought loses.",
            "A constraint is lost where fewer samples follow it behind a thought than directly. Blue: how often a lost one has "
            "the higher number; below 0.5 the lost ones have the lower. Orange: the same within a constraint type, by a "
            "regression that was fitted on the other types, so that knowing which types are hard does not help. Lengths and the "
            "number of constraints stand beside attention: what they tell needs no attention.",
            "",
            auc_dots,
        ),
        Table("attention_auc", auc_table, "The same in numbers", "text"),
    ],
)  # fmt: skip
