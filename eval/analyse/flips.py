"""Prompts that pass on one side of a comparison and fail on the other, with McNemar's exact test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from ..score.estimates import seed_numbers
from ..score.measure import ScoredSamples
from ..stats.paired import Flips, Side, flips
from .analysis import Analysis, EntryLists, Figure, Table
from .contrasts import corrected, family, references
from .fields import Adjusted, Against, AgainstMode, ArmName, Asks, Family, Metric, Mode, SetName
from .formats import probability
from .metrics import FLIPPED, OUTCOMES, label
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, LABELS, ORANGE, arm_axis, foot, panels, patch, room, stack

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

COUNTS = ("pass_pass", "pass_fail", "fail_pass", "fail_fail", "win", "tie", "lose")
PARTS = {
    "pass_pass": ("both pass", "#9db7c9"),
    "fail_pass": ("only the arm passes", BLUE),
    "pass_fail": ("only the other side passes", ORANGE),
    "fail_fail": ("both fail", "#dcdcdc"),
}


@dataclass(frozen=True)
class FlipCounts:
    """How many prompts pass on both sides, on one or on none; a prompt passes when over half of its samples do.

    With several training seeds a prompt counts under each; what is not trained stands against each seed.
    """

    set: SetName
    arm: ArmName
    against: Against
    mode: Mode
    against_mode: AgainstMode
    question: Asks
    metric: Metric
    family: Family
    pass_pass: Annotated[int, "prompts that pass on both sides"]
    pass_fail: Annotated[int, "the other side passes, the arm fails"]
    fail_pass: Annotated[int, "the other side fails, the arm passes"]
    fail_fail: Annotated[int, "prompts that fail on both sides"]
    win: Annotated[int, "prompts of which the arm's samples have the higher mean"]
    tie: Annotated[int, "prompts with equal means"]
    lose: Annotated[int, "prompts of which the arm's samples have the lower mean"]
    mcnemar_p: Annotated[
        float | None,
        "McNemar's exact two-sided p; null of several training seeds, under which a prompt counts more than once",
    ]
    n: Annotated[int, "prompts with a verdict on both sides, times training seeds"]
    p_holm: Adjusted


class Comparison(NamedTuple):
    """Two sides, each as (arm, mode), and how the prompts flip between them."""

    side: tuple[str, str]
    against: tuple[str, str]
    metric: str
    counts: Flips


def flip_counts(data: SetData, _: EntryLists) -> Iterator[FlipCounts]:
    """Between arms in every mode, and between an arm's modes and the first."""
    compared = list(_compared(data))
    families = [_family(data, comparison) for comparison in compared]
    adjusted = corrected([comparison.counts.mcnemar_p for comparison in compared], families)
    for comparison, name, p_holm in zip(compared, families, adjusted, strict=True):
        (arm, mode), (against, against_mode) = comparison.side, comparison.against
        question = data.roles.question(arm, against)
        identity = (data.name, arm, against, mode, against_mode, question, comparison.metric, name)
        yield FlipCounts(*identity, **comparison.counts._asdict(), p_holm=p_holm)


def _compared(data: SetData) -> Iterator[Comparison]:
    pairs = data.pairs
    sides = [((arm, mode), (against, mode)) for mode in data.modes for arm, against in pairs]
    sides += [((arm, mode), (arm, data.modes[0])) for mode in data.modes[1:] for arm in data.arms]
    for side, against in sides:
        known = side in data.samples and against in data.samples and data.comparable(side, against)
        for metric in FLIPPED if known else ():
            counts = flips(_verdicts(data.samples[side], metric), _verdicts(data.samples[against], metric))
            if counts:
                yield Comparison(side, against, metric, counts)


def _family(data: SetData, compared: Comparison) -> str:
    (arm, mode), (against, against_mode) = compared.side, compared.against
    kind = family(data.roles.question(arm, against), arm, mode, against_mode)
    return f"{kind}: {compared.metric}, flips"


def _verdicts(samples: Sequence[ScoredSamples], metric: str) -> Side:
    values = np.concatenate([scored.numbers[metric] for scored in samples])
    rows = np.concatenate([scored.row for scored in samples])
    return Side(values, rows, seed_numbers([len(scored.row) for scored in samples]))


def flips_table(data: ReportData) -> Rows:
    """Prompts by what they do on both sides of a contrast, with McNemar's exact test."""
    heads = [key.replace("_", "→") for key in COUNTS]
    table = [["arm", "against", "metric", *heads, "McNemar p", "Holm", "prompts"]]
    for entry in data.entries("flips"):
        tests = [probability(entry["mcnemar_p"]), probability(entry["p_holm"]), str(entry["n"])]
        counts = [str(entry[key]) for key in COUNTS]
        table.append([entry["arm"], entry["against"], label(entry["metric"]), *counts, *tests])
    return table


def flip_bars(data: ReportData) -> Drawing | None:
    """Prompts by what they do under the base and under the arm, counted; a panel for HAcc and one for answers."""
    against = references(data.entries("contrasts"))
    shown = [entry for entry in data.entries("flips") if entry["against"] == against.get(entry["arm"])]
    arms = list(dict.fromkeys(entry["arm"] for entry in shown))
    metrics = [metric for metric in OUTCOMES if select(shown, metric=metric)]
    if not arms:
        return None
    figure, all_axes = panels(len(metrics), 2, max(0.2 * len(arms), 0.5), left=room(arms))
    for metric, axes in zip(metrics, all_axes, strict=True):
        by_arm = {entry["arm"]: entry for entry in select(shown, metric=metric)}
        stack(axes, [by_arm.get(arm) for arm in arms], PARTS, str)
        arm_axis(axes, arms)
        axes.set(title=LABELS[metric])
    legend = [patch(text, color=colour) for text, colour in PARTS.values()]
    foot(figure, "share of prompts; a prompt passes when most of its samples do (counts inside)", legend)
    return figure


ANALYSIS = Analysis(
    name="flips",
    entry=FlipCounts,
    compute=flip_counts,
    heading="Prompts that flipped",
    contents="flips",
    parts=[
        Figure(
            "flips",
            "Prompts that flipped.",
            "A prompt passes when more than half of its samples do. Of several training seeds it counts under each.",
            "no arm was compared with the base",
            flip_bars,
        ),
        Table("flips", flips_table, "Flip counts, win, tie and lose, McNemar’s test", "text"),
    ],
)
