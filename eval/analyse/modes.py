"""The same prompts asked in several modes: what each costs, what its replies look like, what a second pass changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.estimates import resample
from ..score.measure import Entry, Measure, ScoredSamples
from ..stats.intervals import Floats, Ints, differences
from .analysis import Analysis, EntryLists, Figure, Table
from .contrast_cells import tested
from .fields import ArmName, Clusters, High, Low, Mode, Samples, SetName
from .formats import rate, signed
from .results import ReportData, Rows, pooled, select
from .set_data import SetData
from .style import COLOURS, LABELS, dot, foot, grid, intervals, panels, room

COSTS = {"calls": ".2g", "prompt_tokens": ".0f", "drawn_tokens": ".0f"}

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class SecondPass:
    """What a second pass did to the first answer, of samples whose constraints are known before and after."""

    repaired: Annotated[int, "samples that broke a constraint before, and none after"]
    broken: Annotated[int, "samples that broke none before, and one after"]
    unchanged: Annotated[int, "samples that held all, or broke one, both times"]
    same: Annotated[float, "share of the answers that are the same text"]
    diff: Annotated[float, "HAcc after less HAcc before"]
    low: Low
    high: High


@dataclass(frozen=True)
class ModeEntry:
    """What a mode costs an arm, its seeds together, and what its replies look like."""

    set: SetName
    arm: ArmName
    mode: Mode
    calls: Annotated[float | None, "mean calls of the model for a sample; null where not told"]
    prompt_tokens: Annotated[float | None, "mean tokens of their prompts; null where not told"]
    drawn_tokens: Annotated[float | None, "mean tokens generated, those of all calls; null where not told"]
    thought: Annotated[float, "share of samples with a thought that is not empty"]
    closed: Annotated[float, "share with a thought that is not empty, and is closed"]
    answered: Annotated[float, "share that are neither cut nor unclosed: an answer is there"]
    second: Annotated[SecondPass | None, "what a second pass did; null for a mode of one"]
    n: Samples
    clusters: Clusters


def mode_entries(data: SetData, _: EntryLists) -> Iterator[ModeEntry]:
    """Every arm in every mode that answers rows."""
    for (arm, mode), samples in data.samples.items():
        cluster = np.concatenate([data.row_set.cluster[scored.row] for scored in samples])
        reasoned = np.concatenate([scored.reasoned for scored in samples])
        closed = np.concatenate([scored.state == "closed" for scored in samples])
        finished = np.concatenate([scored.finished for scored in samples])
        calls, prompts, drawn = (_mean(samples, name) for name in ("calls", "prompt_tokens", "drawn_tokens"))
        yield ModeEntry(
            data.name,
            arm,
            mode,
            calls,
            prompts,
            drawn,
            float(reasoned.mean()),
            float((reasoned & closed).mean()),
            float(finished.mean()),
            _second_pass(data, samples),
            len(cluster),
            len(np.unique(cluster)),
        )


def _mean(samples: Sequence[ScoredSamples], name: str) -> float | None:
    told = np.concatenate([scored.tells(name) for scored in samples])
    return None if np.isnan(told).any() else float(told.mean())


def _second_pass(data: SetData, samples: Sequence[ScoredSamples]) -> SecondPass | None:
    before = np.concatenate([scored.tells("first_hacc") for scored in samples])
    after = np.concatenate([scored.numbers["hacc"] for scored in samples])
    known = ~np.isnan(before) & ~np.isnan(after)
    if not known.any():
        return None
    change = after[known] - before[known]
    cluster = np.concatenate([data.row_set.cluster[scored.row] for scored in samples])[known]
    low, high = _interval(data, (after[known], before[known]), cluster)
    same = np.concatenate([scored.tells("same") for scored in samples])[known]
    return SecondPass(
        int((change > 0).sum()),
        int((change < 0).sum()),
        int((change == 0).sum()),
        float(same.mean()),
        float(change.mean()),
        low,
        high,
    )


def _interval(
    data: SetData, sides: tuple[Floats, Floats], cluster: Ints
) -> tuple[float | None, float | None]:
    """Of the mean change from the second side to the first, by problem."""
    if len(np.unique(cluster)) < 2:
        return None, None
    sums = resample([Measure("hacc", None, values, cluster) for values in sides], data.draws)
    gap = differences(*sums, np.array([[0, 1]]), rates=np.array([True]))
    return float(gap.low[0]), float(gap.high[0])


def costs_table(data: ReportData) -> Rows:
    """What every arm's replies cost and look like in every mode."""
    head = ["arm", "mode", "calls", "prompt tokens", "generated tokens", "thought", "closed", "answered"]
    return [
        head,
        *(
            [
                entry["arm"],
                entry["mode"],
                *("–" if entry[key] is None else format(entry[key], form) for key, form in COSTS.items()),
                *(f"{entry[key]:.0%}" for key in ("thought", "closed", "answered")),
            ]
            for entry in data.on_set("modes")
        ),
    ]


def second_table(data: ReportData) -> Rows:
    """What second passes did."""
    head = ["arm", "mode", "repaired", "broken", "unchanged", "same answer", "HAcc, second less first"]
    return [
        head,
        *(
            [
                entry["arm"],
                entry["mode"],
                *(str(entry["second"][key]) for key in ("repaired", "broken", "unchanged")),
                f"{entry['second']['same']:.0%}",
                signed(entry["second"]),
            ]
            for entry in data.on_set("modes")
            if entry["second"]
        ),
    ]


def modes_table(data: ReportData) -> Rows:
    """Every arm in every mode, beside the difference from the first mode on the same rows."""
    whole = pooled(select(data.on_set("figures"), group=None))
    between = select(data.on_set("contrasts"), group=None, question="mode", against_mode=data.mode)
    table = [
        ["arm", "mode", "reasoning tokens", "HAcc", "change", "p", "Holm", "detectable", "SAcc", "correct"]
    ]
    for arm in dict.fromkeys(entry["arm"] for entry in whole if len(data.modes) > 1):
        for mode in dict.fromkeys(entry["mode"] for entry in select(whole, arm=arm)):
            by_metric = {entry["metric"]: entry for entry in select(whole, arm=arm, mode=mode)}
            changes = {entry["metric"]: entry for entry in select(between, arm=arm, mode=mode)}
            table.append(
                [
                    arm,
                    mode,
                    f"{by_metric['reasoning_tokens']['value']:.0f}"
                    if "reasoning_tokens" in by_metric
                    else "–",
                    rate(by_metric.get("hacc")),
                    *tested(changes.get("hacc")),
                    *(_beside(by_metric.get(metric), changes.get(metric)) for metric in ("sacc", "correct")),
                ]
            )
    return table


def _beside(figure: Entry | None, change: Entry | None) -> str:
    return rate(figure) if change is None else f"{figure['value']:.2f} ({signed(change)})" if figure else "–"


def mode_dots(data: ReportData) -> Drawing | None:
    """The modes of asking below one another, a panel an arm: the three rates, and the mean reasoning tokens."""
    whole = pooled(select(data.on_set("figures"), group=None))
    modes = list(dict.fromkeys(entry["mode"] for entry in whole))
    arms = list(dict.fromkeys(entry["arm"] for entry in whole))
    if len(modes) < 2:
        return None
    figure, all_axes = panels(len(arms), 3, 0.2 * len(modes) + 0.1, left=room(modes), gap=0.42, right=0.42)
    for axes, arm in zip(all_axes, arms, strict=True):
        for nudge, metric in zip((-0.2, 0, 0.2), LABELS, strict=True):
            of_metric = select(whole, arm=arm, metric=metric)
            known = [entry for entry in of_metric if entry["value"] is not None]
            x = [entry["value"] for entry in known]
            y = [modes.index(entry["mode"]) + nudge for entry in known]
            axes.plot(x, y, "o", color=COLOURS[metric], markersize=2.6)
            intervals(axes, x, y, known, upright=False, colour=COLOURS[metric])
        for entry in select(whole, arm=arm, metric="reasoning_tokens"):
            axes.text(1.05, modes.index(entry["mode"]), f"{entry['value']:.0f}", va="center", fontsize=6)
        axes.text(1.05, -0.75, "tokens", fontsize=6, va="center")
        axes.set_title(arm)
        axes.set(xlim=(0, 1.02), ylim=(len(modes) - 0.5, -0.5))
        axes.set_yticks(range(len(modes)), modes)
        grid(axes, "x")
    metrics = {entry["metric"] for entry in whole}
    legend = [dot(COLOURS[metric], name) for metric, name in LABELS.items() if metric in metrics]
    foot(figure, "share of samples, with 95 % interval; at the right the mean reasoning tokens", legend)
    return figure


ANALYSIS = Analysis(
    name="modes",
    entry=ModeEntry,
    compute=mode_entries,
    heading="Modes of asking",
    contents="modes",
    parts=[
        Figure(
            "modes",
            "The same prompts asked in several modes.",
            "Each mode changes how the same checkpoint reasons; paired differences from the first mode are in the table.",
            "",
            mode_dots,
        ),
        Table("mode_changes", modes_table, "Every mode", "text"),
        Table(
            "mode_costs",
            costs_table,
            "What a mode costs, and what its replies look like: means and shares of samples",
            "text",
        ),
        Table("second_passes", second_table, "What a second pass did to the first answer: samples", "text"),
    ],
)
