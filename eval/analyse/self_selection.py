"""Does a model know when thinking helps? Its decisions, made from the instruction alone, against what came of both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Mode, SetName
from .formats import share
from .policy_choices import THRESHOLD
from .policy_rows import Decisions, RowOutcomes, both_ways, decisions_of
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, GREY, foot, line, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

THRESHOLDS = tuple(step / 20 for step in range(20))
BINS = 10  # of equal width, for the calibration


@dataclass(frozen=True)
class Decision:
    """An arm that thinks (in `mode`) about the rows where its own p_yes passes a threshold, and answers the rest directly."""

    set: SetName
    arm: ArmName
    mode: Mode
    threshold: Annotated[float, "a row is thought about where p_yes is above it"]
    rate: Annotated[float, "share of the rows that are thought about"]
    precision: Annotated[float | None, "of these, the share where thinking wins; null where there are none"]
    recall: Annotated[float | None, "of the rows where thinking wins, the share thought about; null of none"]
    value: Annotated[float, "mean HAcc over rows"]
    p_word: Annotated[
        float | None, "mean probability that its first word is YES or NO at all; null where the text was read"
    ]
    undecided: Annotated[float, "share of the rows of which neither was said; they are answered directly"]
    n: Annotated[int, "rows answered both ways"]


@dataclass(frozen=True)
class CalibrationBin:
    """The rows whose p_yes is in a bin, and how often thinking wins there: the same, where a model is calibrated."""

    set: SetName
    arm: ArmName
    mode: Mode
    from_p: Annotated[float, "lower edge of the bin"]
    to_p: Annotated[float, "upper edge"]
    p_yes: Annotated[float, "mean p_yes of its rows"]
    wins: Annotated[float, "share of its rows where thinking wins"]
    n: Annotated[int, "rows in it"]


def decisions(data: SetData, _: EntryLists) -> Iterator[Decision]:
    """A line a threshold for every arm that decided, and was asked both ways."""
    for arm, mode, outcomes, decided in _decided(data):
        truth, known = outcomes.thinking_wins, ~np.isnan(decided.p_yes)
        word = decided.p_word[~np.isnan(decided.p_word)]
        for threshold in THRESHOLDS:
            thinks = decided.p_yes > threshold
            yield Decision(
                data.name,
                arm,
                mode,
                threshold,
                float(thinks.mean()),
                float(truth[thinks].mean()) if thinks.any() else None,
                float(thinks[truth].mean()) if truth.any() else None,
                float(outcomes.value(thinks.astype(float)).mean()),
                float(word.mean()) if len(word) else None,
                float((~known).mean()),
                len(truth),
            )


def calibration(data: SetData, _: EntryLists) -> Iterator[CalibrationBin]:
    """The bins that hold a row."""
    for arm, mode, outcomes, decided in _decided(data):
        known = ~np.isnan(decided.p_yes)
        p_yes, wins = decided.p_yes[known], outcomes.thinking_wins[known]
        bin_of = np.minimum((p_yes * BINS).astype(int), BINS - 1)
        for each in np.unique(bin_of):
            inside = bin_of == each
            edges = float(each / BINS), float((each + 1) / BINS)
            yield CalibrationBin(
                data.name,
                arm,
                mode,
                *edges,
                float(p_yes[inside].mean()),
                float(wins[inside].mean()),
                int(inside.sum()),
            )


def _decided(data: SetData) -> Iterator[tuple[str, str, RowOutcomes, Decisions]]:
    if not data.decisions:
        return
    for arm, mode, paired in both_ways(data):
        if decided := decisions_of(data, arm, paired.rows):
            yield arm, mode, paired.outcomes, decided


def decisions_table(data: ReportData) -> Rows:
    """Every arm at the threshold of the policy, and at the one that serves best on these very rows."""
    table = [["arm", "threshold", "thinks", "precision", "recall", "HAcc", "says YES or NO", "undecided"]]
    entries = select(data.on_set("decisions"), mode=data.mode)
    for arm in dict.fromkeys(entry["arm"] for entry in entries):
        of_arm = select(entries, arm=arm)
        best = max(of_arm, key=lambda entry: float(entry["value"]))
        for entry in (*select(of_arm, threshold=THRESHOLD), best):
            named = f"{entry['threshold']:.2f}" + (" (best in hindsight)" if entry is best else "")
            shares = [share(entry[key]) for key in ("rate", "precision", "recall")]
            said = "read as text" if entry["p_word"] is None else f"{entry['p_word']:.1%}"
            table.append([arm, named, *shares, f"{entry['value']:.2f}", said, share(entry["undecided"])])
    return table


def calibration_curve(data: ReportData) -> Drawing | None:
    """How often thinking wins, by p_yes; a panel an arm, the diagonal for a model that knows."""
    entries = select(data.on_set("calibration"), mode=data.mode)
    arms = list(dict.fromkeys(entry["arm"] for entry in entries))
    if not arms:
        return None
    figure, all_axes = panels(len(arms), 3, 1.5, left=0.35)
    for axes, arm in zip(all_axes, arms, strict=True):
        of_arm = select(entries, arm=arm)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6)
        x, y = ([entry[key] for entry in of_arm] for key in ("p_yes", "wins"))
        axes.plot(x, y, color=BLUE, linewidth=0.8)
        axes.scatter(x, y, s=[4 + entry["n"] / 4 for entry in of_arm], color=BLUE)
        axes.set_title(arm)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="p(YES)")
    foot(
        figure,
        "share of rows where thinking wins, by the model's own p(YES)",
        [line("rows", color=BLUE), line("calibrated", color=GREY)],
    )
    return figure


CALIBRATION = Analysis(
    name="calibration",
    entry=CalibrationBin,
    compute=calibration,
)
ANALYSIS = Analysis(
    name="decisions",
    entry=Decision,
    compute=decisions,
    heading="Does the model know when thinking helps?",
    contents="its own decision",
    parts=[
        Figure(
            "calibration",
            "What the model said, and what came of it.",
            "Asked from the instruction alone whether thinking would help (mode decide); thinking wins a row where its samples "
            "keep the constraints more often than those without a thought. A tie is no win.",
            "",
            calibration_curve,
        ),
        Table("decisions", decisions_table, "Its decisions", "ways"),
    ],
)
