"""Figures along training: every evaluated checkpoint of every stage, from the arm's base to its last.

One arm's way through `sft` and then `rl` is shown whole, so arms with a common first stage share its points. Seeds
stand alone. Asked in the set's first mode only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from ..score.estimates import estimates, resample
from ..score.measure import Entry, measures
from ..stats.intervals import Estimate
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Clusters, High, Low, Metric, Mode, Samples, Seed, SetName
from .formats import rate
from .metrics import OUTCOMES, label
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import LABELS, SERIES, foot, grid, intervals, line, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

DRAWN = (*OUTCOMES, "reasoning_tokens")
METRICS = (*DRAWN, "cut")
STROKES: tuple[Any, ...] = ("-", "--", ":")


@dataclass(frozen=True)
class CheckpointFigure:
    """A metric of a checkpoint on an arm's path from the base to its end."""

    set: SetName
    arm: ArmName
    seed: Seed
    mode: Mode
    stage: Annotated[str, "the stage that the checkpoint belongs to"]
    stages: Annotated[tuple[str, ...], "the stages up to it"]
    step: Annotated[int, "updates within the stage: 0 is what the stage started from"]
    total_step: Annotated[int, "updates counted from the base"]
    checkpoint: Annotated[str, "the folder of its evaluations"]
    metric: Metric
    value: Annotated[float, "the mean over all samples"]
    low: Low
    high: High
    n: Samples
    clusters: Clusters


def checkpoint_figures(data: SetData, _: EntryLists) -> Iterator[CheckpointFigure]:
    """Every evaluated checkpoint of every arm and seed; what arms share is computed once."""
    mode = data.run.evaluate[data.name]["modes"][0]
    known: dict[str, list[tuple[str, Estimate]]] = {}
    for arm in data.run.answering:
        for point in data.run.path(arm):
            if point.checkpoint not in known:
                known[point.checkpoint] = _means(data, point.checkpoint, mode)
            identity = (data.name, arm.name, arm.seed, mode, point.stages[-1], *point)
            for metric, mean in known[point.checkpoint]:
                yield CheckpointFigure(*identity, metric, *mean)


def _means(data: SetData, checkpoint: str, mode: str) -> list[tuple[str, Estimate]]:
    scored = data.run.scored(checkpoint, data.name, mode)
    measured = measures(data.row_set, scored) if scored else ()
    whole = [measure for measure in measured if measure.group is None and measure.metric in METRICS]
    if not whole:
        return []
    means = estimates(whole, resample(whole, data.draws))
    return [(measure.metric, mean) for measure, mean in zip(whole, means, strict=True)]


def checkpoints_table(data: ReportData) -> Rows:
    """One line a checkpoint: its step and its rates."""
    lines: dict[tuple[str, str, str, str], dict[str, Entry]] = {}
    for entry in data.entries("along"):
        seed = "–" if entry["seed"] is None else str(entry["seed"])
        key = (entry["arm"], seed, str(entry["total_step"]), entry["checkpoint"])
        lines.setdefault(key, {})[entry["metric"]] = entry
    return [["arm", "seed", "step", "checkpoint", *map(label, METRICS)]] + [
        [
            *key,
            *(rate(by_metric.get(metric)) for metric in OUTCOMES),
            rate(by_metric.get("reasoning_tokens"), 0),
            f"{by_metric['cut']['value']:.1%}" if "cut" in by_metric else "–",
        ]
        for key, by_metric in lines.items()
    ]


def curves(data: ReportData) -> Drawing | None:
    """HAcc, SAcc, correct and reasoning length against training step from the base, a panel each, a line an arm."""
    shown = [
        entry
        for entry in data.entries("along")
        if entry["value"] is not None and entry["arm"] not in data.with_role("control")
    ]
    arms = [arm for arm in dict.fromkeys(entry["arm"] for entry in shown) if _steps(shown, arm) > 1]
    metrics = [metric for metric in DRAWN if select(shown, metric=metric)]
    if not arms:
        return None
    # Shorter paths first: a longer one is drawn from where it leaves them.
    arms.sort(key=lambda arm: max(len(entry["stages"]) for entry in select(shown, arm=arm)))
    figure, all_axes = panels(
        len(metrics), 2, 1.15, left=0.35, gap=0.4, inner=True, foot=0.62 + 0.13 * (len(arms) > 4)
    )
    styles = {
        arm: {"color": SERIES[i % len(SERIES)], "linestyle": STROKES[i // len(SERIES) % len(STROKES)]}
        for i, arm in enumerate(arms)
    }
    for metric, axes in zip(metrics, all_axes, strict=True):
        drawn: set[tuple[str, str]] = set()
        for arm in arms:
            _draw_arm(axes, select(shown, metric=metric, arm=arm), styles[arm], drawn)
        axes.set_title(label(metric))
        axes.set_ylim(0, 1.03 if metric in LABELS else None)
        grid(axes, "y")
    legend = [line(arm, marker="o", markersize=2.6, **styles[arm]) for arm in arms]
    foot(
        figure,
        "training step, counted from the base, with 95 % interval; a ring where an arm begins",
        legend,
        4,
    )
    return figure


def _steps(entries: list[Entry], arm: str) -> int:
    return len({entry["total_step"] for entry in select(entries, arm=arm)})


def _draw_arm(axes: Axes, entries: list[Entry], style: dict[str, Any], drawn: set[tuple[str, str]]) -> None:
    """One arm's line from where it leaves the lines of the arms drawn before it."""
    for seed in dict.fromkeys(entry["seed"] for entry in entries):
        whole = sorted(select(entries, seed=seed), key=lambda entry: entry["total_step"])
        # Of several runs each arm is named `run/arm`: checkpoints of two runs are two, whatever their names.
        keys = [(entry["arm"].rpartition("/")[0], entry["checkpoint"]) for entry in whole]
        shared = sum(key in drawn for key in keys)
        unshared = whole[max(0, shared - 1) :]
        x, y = [entry["total_step"] for entry in unshared], [entry["value"] for entry in unshared]
        axes.plot(x, y, marker="o", markersize=2.2, linewidth=1, **style)
        intervals(axes, x, y, unshared, upright=True, colour=style["color"])
        axes.plot(
            x[:1],
            y[:1],
            "o",
            markersize=4.5,
            markerfacecolor="none",
            markeredgecolor="black",
            markeredgewidth=0.7,
        )
        drawn.update(keys)


ANALYSIS = Analysis(
    name="along",
    entry=CheckpointFigure,
    compute=checkpoint_figures,
    heading="Along training",
    contents="along training",
    parts=[
        Figure(
            "along",
            "Along training.",
            "Every evaluated checkpoint, from the base on, a line a seed; a ring marks where an arm leaves the one it "
            "shares its stages with. Control arms are in the table.",
            "no arm has two evaluated checkpoints",
            curves,
        ),
        Table("along", checkpoints_table, "Every checkpoint", "text"),
    ],
)
