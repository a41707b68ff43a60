"""Reasoning length against verdict: `associations` where a model chooses its own length, `intervention` where a mode
sets it; what a doubling goes with, by what is held fixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ..score.measure import Entry, RowSet, ScoredSamples
from ..stats.length_slopes import METHODS, ModeSamples, Samples, associations, intervention
from .analysis import Analysis, EntryLists, Figure, Sentences, Table
from .fields import ArmName, Clusters, High, Low, Metric, Mode, Probability, SetName
from .fields import Samples as Count
from .formats import starred
from .metrics import OUTCOMES
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import COLOURS, GREEN, GREY, LABELS, ORANGE, PINK, dot, foot, grid, intervals, panels, room

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

THINK = "think"  # the mode in which a model reasons as long as it wants
LENGTH_MODES = ("budget", "wait", "pad")  # the modes that change the length and nothing else
ROOM_FOR_NAMES = 1.35  # of the axis: room at its right for the names of the modes
DRAWN = {
    "pooled": ("pooled (as the papers)", GREY, "s"),
    "within_source": ("within source", COLOURS["hacc"], "o"),
    "within_prompt": ("within prompt", GREEN, "D"),
    "intervention": ("a mode intervened", ORANGE, "^"),
    "intervention_finished": ("the same, finished samples only", PINK, "v"),
}
WORDS = {  # in a sentence; the other methods go without saying
    "pooled": "pooled",
    "within_source": "within source",
    "within_prompt": "within prompt",
    "intervention": "under {mode}",
    "intervention_finished": "under {mode} of finished samples",
}


@dataclass(frozen=True)
class LengthSlope:
    """What a doubling of the reasoning goes with, by one method; associations rest on finished samples that reasoned."""

    set: SetName
    arm: ArmName
    mode: Mode
    against_mode: Annotated[
        str | None, "of an intervention: the mode in which the model chose its length; else null"
    ]
    metric: Metric
    method: Annotated[str, "how the two are put in one number: " + ", ".join(f"`{name}`" for name in METHODS)]
    controls: Annotated[str, "what the method holds fixed"]
    unit: Annotated[
        str, "of value: `r`, `rho`, `per doubling` or `log-odds per doubling` of the reasoning tokens"
    ]
    value: Annotated[float | None, "the estimate; null where the samples do not know it"]
    low: Low
    high: High
    p: Probability
    n: Count
    clusters: Clusters


def slopes(data: SetData, _: EntryLists) -> Iterator[LengthSlope]:
    """Interventions rest on all samples of both modes, and once more on the finished ones only.

    Left out: a metric that no sample has, and arms that never reason in mode `think`.
    """
    for (arm, mode), samples in data.samples.items():
        thinking = data.samples.get((arm, THINK), [])
        for metric in OUTCOMES if any(reasoning(scored).any() for scored in thinking) else ():
            known = _known(samples, metric) and _known(thinking, metric)
            if not (known and data.comparable((arm, mode), (arm, THINK))):
                continue
            if mode == THINK:
                for slope in associations(_samples(data.row_set, samples, metric)):
                    yield LengthSlope(data.name, arm, mode, None, metric, *slope)
            elif mode.startswith(LENGTH_MODES):
                whole = (_mode_samples(data.row_set, seeds, metric) for seeds in (samples, thinking))
                yield LengthSlope(data.name, arm, mode, THINK, metric, *intervention(*whole))
                # What being cut costs is in the first estimate; the second shows what is left without it.
                pair = (samples, thinking)
                ended = (_mode_samples(data.row_set, seeds, metric, finished=True) for seeds in pair)
                finished = intervention(*ended, method="intervention_finished")
                yield LengthSlope(data.name, arm, mode, THINK, metric, *finished)


def reasoning(scored: ScoredSamples) -> NDArray[Any]:
    """Which samples (n,) have a length that their verdict can go with: finished, and reasoned."""
    long: NDArray[Any] = scored.finished & scored.reasoned
    return long


def _known(samples: Sequence[ScoredSamples], metric: str) -> bool:
    return any(not np.isnan(scored.numbers[metric]).all() for scored in samples)


def _samples(row_set: RowSet, samples: Sequence[ScoredSamples], metric: str) -> Samples:
    """The finished samples that reasoned; each row and seed has a number of its own."""
    chosen = [reasoning(scored) for scored in samples]
    row = _joined([scored.row for scored in samples], chosen)
    return Samples(
        _joined([scored.numbers["reasoning_tokens"] for scored in samples], chosen),
        _joined([scored.numbers[metric] for scored in samples], chosen),
        _joined(_own_rows(row_set, samples), chosen),
        row_set.source[row],
        row_set.cluster[row],
    )


def _own_rows(row_set: RowSet, samples: Sequence[ScoredSamples]) -> list[NDArray[Any]]:
    """The rows of each seed's samples, with a number of its own for each row and seed."""
    return [scored.row + seed * len(row_set.rows) for seed, scored in enumerate(samples)]


def _joined(values: Sequence[NDArray[Any]], chosen: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([array[flags] for array, flags in zip(values, chosen, strict=True)])


def _mode_samples(
    row_set: RowSet, samples: Sequence[ScoredSamples], metric: str, *, finished: bool = False
) -> ModeSamples:
    chosen = [scored.finished if finished else np.full(len(scored.row), True) for scored in samples]
    row = _joined([scored.row for scored in samples], chosen)
    return ModeSamples(
        _joined([scored.numbers["reasoning_tokens"] for scored in samples], chosen),
        _joined([scored.numbers[metric] for scored in samples], chosen),
        _joined(_own_rows(row_set, samples), chosen),
        row_set.cluster[row],
    )


def _entries(data: ReportData) -> list[Entry]:
    """The associations in a mode, and the interventions that are compared with it."""
    entries = data.on_set("length")
    return [entry for entry in entries if (entry["against_mode"] or entry["mode"]) == data.mode]


def slopes_table(metric: str, data: ReportData) -> Rows:
    """Length against a verdict: one line a way to ask, with what it holds fixed; one column an arm."""
    slopes = select(_entries(data), metric=metric)
    arms = list(dict.fromkeys(entry["arm"] for entry in slopes))
    order = list(METHODS)
    columns = dict.fromkeys((entry["method"], entry["mode"]) for entry in slopes)
    table = [["way to ask", "holds fixed", "unit", *arms]]
    for method, mode in sorted(columns, key=lambda key: order.index(key[0])):
        by_arm = {entry["arm"]: entry for entry in select(slopes, method=method, mode=mode)}
        first = next(iter(by_arm.values()))
        name = METHODS[method].label + (f": {mode}" if first["against_mode"] else "")
        table.append([name, first["controls"], first["unit"], *(starred(by_arm.get(arm)) for arm in arms)])
    return table


def disagreements(data: ReportData) -> Iterator[str]:
    """Per arm for which the ways to ask about length come to different verdicts: which way says what."""
    slopes = select(_entries(data), metric="hacc")
    for arm in dict.fromkeys(slope["arm"] for slope in slopes):
        by_direction: dict[str, list[str]] = {}
        for slope in (slope for name in WORDS for slope in select(slopes, arm=arm, method=name)):
            if slope["value"] is not None:
                method = WORDS[slope["method"]].format(mode=slope["mode"])
                by_direction.setdefault(_direction(slope), []).append(method)
        if len(by_direction) > 1:
            directions = (f"{name} {', '.join(methods)}" for name, methods in by_direction.items())
            yield f"{arm}: " + "; ".join(directions)


def _direction(slope: Entry) -> str:
    """What an estimate says of HAcc when the reasoning gets longer: falls, rises, or leaves it open."""
    if slope["low"] is None or slope["low"] <= 0 <= slope["high"]:
        return "open"
    return "rises" if slope["value"] > 0 else "falls"


def slope_dots(data: ReportData) -> Drawing | None:
    """Change of HAcc and of correct answers per doubling of the reasoning, by what is held fixed; a row an arm.

    An estimate too vague for the axis is an arrow at its edge.
    """
    shown = [
        entry
        for entry in _entries(data)
        if entry["method"] in DRAWN
        and entry["low"] is not None
        and entry["arm"] not in data.with_role("control")
    ]
    arms = list(dict.fromkeys(entry["arm"] for entry in shown))
    metrics = [metric for metric in LABELS if metric != "sacc" and select(shown, metric=metric)]
    if not metrics:
        return None
    right = ROOM_FOR_NAMES if select(shown, method="intervention") else 1
    lines = max(len(select(shown, metric=metric, arm=arm)) for metric in metrics for arm in arms)
    figure, all_axes = panels(len(metrics), 2, max(0.36, 0.1 * lines) * len(arms), left=room(arms), foot=0.68)
    for metric, axes in zip(metrics, all_axes, strict=True):
        of_metric = select(shown, metric=metric)
        reach = _sharp_reach(of_metric)
        for row, arm in enumerate(arms):
            _draw_arm(axes, row, select(of_metric, arm=arm), lines, reach)
        axes.axvline(0, color="black", linewidth=0.6)
        for row in range(1, len(arms)):
            axes.axhline(row - 0.5, color="#dddddd", linewidth=0.5)
        axes.set(title=LABELS[metric], xlim=(-reach, right * reach), ylim=(len(arms) - 0.5, -0.5))
        axes.set_yticks(range(len(arms)), arms)
        axes.tick_params(axis="y", length=0)
        grid(axes, "x")
    methods = {entry["method"] for entry in shown}
    legend = [
        dot(colour, label, marker) for method, (label, colour, marker) in DRAWN.items() if method in methods
    ]
    foot(figure, "change per doubling of the reasoning tokens, with 95 % interval", legend, 3)
    return figure


def _sharp_reach(entries: list[Entry]) -> float:
    """How far the axis goes: to the farthest of the values that are known to within 0.5."""
    # One vague estimate would otherwise squeeze all others onto the zero line.
    sharp = [entry for entry in entries if entry["high"] - entry["low"] < 1] or entries
    ends = [float(abs(entry[key])) for entry in sharp for key in ("value", "low", "high")]
    return max(0.02, 1.1 * max(ends))


def _draw_arm(axes: Axes, row: int, entries: list[Entry], lines: int, reach: float) -> None:
    """The ways of one arm below one another, two lines for each mode that intervened, named at the right."""
    modes = list(dict.fromkeys(entry["mode"] for entry in entries))
    ordered = [
        entry for mode in modes for method in DRAWN for entry in select(entries, mode=mode, method=method)
    ]
    for i, entry in enumerate(ordered):
        y = row + (i - (len(ordered) - 1) / 2) * 0.88 / lines
        _, colour, marker = DRAWN[entry["method"]]
        if abs(entry["value"]) > reach:
            side = 1 if entry["value"] > 0 else -1
            axes.plot(side * reach * 0.97, y, ">" if side > 0 else "<", color=colour, markersize=4)
        else:
            axes.plot(entry["value"], y, marker, color=colour, markersize=3)
            intervals(axes, [entry["value"]], [y], [entry], upright=False, colour=colour)
        if entry["method"] == "intervention":
            x = reach * ROOM_FOR_NAMES
            axes.text(x, y, entry["mode"], fontsize=5.5, ha="right", va="center", color="#333333")


ANALYSIS = Analysis(
    name="length",
    entry=LengthSlope,
    compute=slopes,
    heading="Does length itself cost instruction following? Four ways to ask",
    contents="four ways",
    parts=[
        Figure(
            "slopes",
            "What a doubling of the reasoning goes with, by what is held fixed.",
            "Pooled is how the papers ask: harder problems get longer reasoning, so it mixes length with difficulty. "
            "Within source holds the kind of problem, within prompt the problem itself. Where a mode intervened, length "
            "was changed on the same prompts: the only one of the four that is no association. But a mode that keeps "
            "samples from ending makes them fail whatever their length, so it is shown of finished samples too. The "
            "other ways: finished samples that reason. An arrow at the edge is too vague for the axis; see the table.",
            "too few finished samples that reason at different lengths",
            slope_dots,
        ),
        Sentences(
            "Where the ways do not say the same of HAcc as the reasoning gets longer (open: the interval holds zero); "
            "the table says what each way holds fixed:",
            disagreements,
        ),
        Table("length_hacc", partial(slopes_table, "hacc"), style="text ways"),
        Table("length_sacc", partial(slopes_table, "sacc"), "The same for SAcc", "text ways"),
        Table(
            "length_correct", partial(slopes_table, "correct"), "The same for correct answers", "text ways"
        ),
    ],
)
