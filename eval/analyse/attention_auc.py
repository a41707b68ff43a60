"""Whether attention tells which constraints a thought loses: ranks of each measure, beside lengths and counts.

A constraint of a row is lost where fewer samples follow it behind a thought than directly. A rank that only knows the
constraint's type would do well; so each is also judged on types that it has not seen, within each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..attention.lines import MEASURES, ONSET, over_layers
from ..stats.intervals import TIE, Flags, Floats, Ints
from ..stats.ranking import UNKNOWN, auc, cluster_draws
from ..verify.decision import DIRECT
from .analysis import Analysis, EntryLists, Figure, Table
from .attention_data import Sides, against_direct, answers_of, lengths, row_means, verdict_means
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .formats import rate_of
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, ORANGE, dot, foot, grid, panels, room
from .style import intervals as interval_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DROPS = tuple(f"drop of {measure}" for measure in MEASURES)
PLAIN = ("thought tokens", "answer tokens", "number of constraints")
TOGETHER = {"all of attention": (*MEASURES, *DROPS), "lengths and number": PLAIN}


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
        "the same within each type, of a logistic regression fitted on other types in rows of other problems; null where "
        "that cannot be",
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
        truth = (cases.lost, cases.cluster, cluster_draws(cases.cluster))
        sizes = (int(cases.lost.sum()), len(cases.lost), len(np.unique(cases.cluster)))
        for name in (*cases.numbers, *TOGETHER):
            columns = [cases.numbers[each] for each in TOGETHER.get(name, (name,)) if each in cases.numbers]
            if columns:
                alone = auc(cases.numbers[name], *truth) if name in cases.numbers else UNKNOWN
                unseen = auc(_on_new_types(columns, cases), *truth, groups=cases.types)
                yield AttentionAuc(data.name, arm, mode, name, *alone, *unseen, *sizes)


def _cases(data: SetData, sides: Sides, arm: str, mode: str) -> Cases | None:
    """Every constraint that was judged both ways and whose attention was read behind a thought; None where there is
    none."""
    thought_of, direct_ones = (answers_of(sides, arm, each) for each in (mode, DIRECT))
    think, direct = verdict_means(thought_of), verdict_means(direct_ones)
    tokens = lengths(thought_of)
    judged: list[tuple[bool, str, int, list[float]]] = []
    for number in range(max(len(row.constraints) for row in data.row_set.rows)):
        after = row_means(thought_of, ONSET, str(number))
        before = row_means(direct_ones, ONSET, str(number))
        for at, row in enumerate(data.row_set.rows):
            name = row.name
            if name in after and name in before and name in think and name in direct and name in tokens:
                behind, drop = over_layers(after[name]), over_layers(before[name] - after[name])
                numbers = [*behind, *drop, *tokens[name], len(row.constraints)]
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
    """For each case what a logistic regression says of it that was fitted on other types in rows of other problems, since
    constraints of one reply share its lengths; NaN where it cannot be."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table, said = np.column_stack(columns), np.full(len(cases.lost), np.nan)
    known = ~np.isnan(table).any(axis=1)
    for kind in np.unique(cases.types):
        of_type = cases.types == kind
        others, judged = known & ~np.isin(cases.cluster, cases.cluster[of_type]), known & of_type
        if judged.any() and len(np.unique(cases.lost[others])) == 2:
            fitted = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
            fitted.fit(table[others], cases.lost[others])
            said[judged] = fitted.decision_function(table[judged])
    return said


def auc_table(data: ReportData) -> Rows:
    """One line a predictor of each arm and mode."""
    table = [["arm", "mode", "ranked by", "AUC", "new types", "lost", "constraints"]]
    for entry in data.on_set("attention_auc"):
        head = [entry["arm"], entry["mode"], entry["predictor"]]
        shown = [
            rate_of(entry, *keys) for keys in (("auc", "low", "high"), ("new_types", "new_low", "new_high"))
        ]
        table.append([*head, *shown, str(entry["lost"]), str(entry["n"])])
    return table


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
