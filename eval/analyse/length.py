"""Reasoning length against verdict: `associations` where a model chooses its own length, `intervention` where a mode
sets it; what a doubling goes with, by what is held fixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ..score.measure import Cell, Entry, RowSet
from ..stats.length_slopes import METHODS, Samples, Side, associations, intervention
from .analysis import Analysis, Figure, Found, Sentences, Table
from .fields import ArmName, Clusters, High, Low, Metric, Mode, Probability, SetName
from .fields import Samples as Count
from .formats import starred
from .metrics import OUTCOMES
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import COLOURS, GREEN, GREY, LABELS, ORANGE, PINK, dot, foot, intervals, panels, room

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

OWN = "think"  # the mode in which a model reasons as long as it wants
SETTING = ("budget", "wait", "pad")  # the modes that change the length and nothing else
NAMES = 1.35  # of the axis: room at its right for the names of the modes
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


def slopes(data: SetData, _: Found) -> Iterator[LengthSlope]:
    """Interventions rest on all samples of both modes, and once more on the finished ones only.

    Left out: a metric that no sample has, and arms that never reason in mode `think`.
    """
    for (arm, mode), samples in data.samples.items():
        thought = data.samples.get((arm, OWN), [])
        for metric in OUTCOMES if any(reasoning(cell).any() for cell in thought) else ():
            if not (_known(samples, metric) and _known(thought, metric)):
                continue
            if mode == OWN:
                for one in associations(_samples(data.row_set, samples, metric)):
                    yield LengthSlope(data.name, arm, mode, None, metric, *one)
            elif mode.startswith(SETTING):
                whole = (_side(data.row_set, side, metric) for side in (samples, thought))
                yield LengthSlope(data.name, arm, mode, OWN, metric, *intervention(*whole))
                ended = (_side(data.row_set, side, metric, finished=True) for side in (samples, thought))
                finished = intervention(*ended, method="intervention_finished")
                yield LengthSlope(data.name, arm, mode, OWN, metric, *finished)


def reasoning(cell: Cell) -> NDArray[Any]:
    """Which samples (n,) have a length that their verdict can go with: finished, and reasoned."""
    long: NDArray[Any] = cell.finished & cell.reasoned
    return long


def _known(samples: Sequence[Cell], metric: str) -> bool:
    return any(not np.isnan(cell.numbers[metric]).all() for cell in samples)


def _samples(row_set: RowSet, samples: Sequence[Cell], metric: str) -> Samples:
    """The finished samples that reasoned; each row and seed has a number of its own."""
    parts = [reasoning(cell) for cell in samples]
    row = _of([cell.row for cell in samples], parts)
    return Samples(
        _of([cell.numbers["reasoning_tokens"] for cell in samples], parts),
        _of([cell.numbers[metric] for cell in samples], parts),
        _of([cell.row + seed * len(row_set.rows) for seed, cell in enumerate(samples)], parts),
        row_set.source[row],
        row_set.cluster[row],
    )


def _of(values: Sequence[NDArray[Any]], chosen: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([one[own] for one, own in zip(values, chosen, strict=True)])


def _side(row_set: RowSet, samples: Sequence[Cell], metric: str, *, finished: bool = False) -> Side:
    parts = [cell.finished if finished else np.full(len(cell.row), True) for cell in samples]
    row = _of([cell.row for cell in samples], parts)
    return Side(
        _of([cell.numbers["reasoning_tokens"] for cell in samples], parts),
        _of([cell.numbers[metric] for cell in samples], parts),
        row,
        row_set.cluster[row],
    )


def _here(data: ReportData) -> list[Entry]:
    """The associations in a mode, and the interventions that are compared with it."""
    entries = data.on_set("length")
    return [one for one in entries if (one["against_mode"] or one["mode"]) == data.mode]


def slopes_table(metric: str, data: ReportData) -> Rows:
    """Length against a verdict: one line a way to ask, with what it holds fixed; one column an arm."""
    found = select(_here(data), metric=metric)
    arms = list(dict.fromkeys(one["arm"] for one in found))
    order = list(METHODS)
    ways = dict.fromkeys((one["method"], one["mode"]) for one in found)
    table = [["way to ask", "holds fixed", "unit", *arms]]
    for method, mode in sorted(ways, key=lambda way: order.index(way[0])):
        by_arm = {one["arm"]: one for one in select(found, method=method, mode=mode)}
        about = next(iter(by_arm.values()))
        name = METHODS[method].label + (f": {mode}" if about["against_mode"] else "")
        table.append([name, about["controls"], about["unit"], *(starred(by_arm.get(arm)) for arm in arms)])
    return table


def disagreements(data: ReportData) -> Iterator[str]:
    """Per arm for which the ways to ask about length come to different verdicts: which way says what."""
    found = select(_here(data), metric="hacc")
    for arm in dict.fromkeys(one["arm"] for one in found):
        said: dict[str, list[str]] = {}
        for one in (one for method in WORDS for one in select(found, arm=arm, method=method)):
            if one["value"] is not None:
                said.setdefault(_direction(one), []).append(WORDS[one["method"]].format(mode=one["mode"]))
        if len(said) > 1:
            yield f"{arm}: " + "; ".join(f"{verdict} {', '.join(ways)}" for verdict, ways in said.items())


def _direction(one: Entry) -> str:
    """What an estimate says of HAcc when the reasoning gets longer: falls, rises, or leaves it open."""
    if one["low"] is None or one["low"] <= 0 <= one["high"]:
        return "open"
    return "rises" if one["value"] > 0 else "falls"


def slope_dots(data: ReportData) -> Drawing | None:
    """Change of HAcc and of correct answers per doubling of the reasoning, by what is held fixed; a row an arm.

    An estimate too vague for the axis is an arrow at its edge.
    """
    found = [
        one
        for one in _here(data)
        if one["method"] in DRAWN and one["low"] is not None and one["arm"] not in data.with_role("control")
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    metrics = [metric for metric in LABELS if metric != "sacc" and select(found, metric=metric)]
    if not metrics:
        return None
    right = NAMES if select(found, method="intervention") else 1
    lines = max(len(select(found, metric=metric, arm=arm)) for metric in metrics for arm in arms)
    figure, made = panels(len(metrics), 2, max(0.36, 0.1 * lines) * len(arms), left=room(arms), foot=0.68)
    for metric, axes in zip(metrics, made, strict=True):
        own = select(found, metric=metric)
        reach = _sharp_reach(own)
        for row, arm in enumerate(arms):
            _ways(axes, row, select(own, arm=arm), lines, reach)
        axes.axvline(0, color="black", linewidth=0.6)
        for row in range(1, len(arms)):
            axes.axhline(row - 0.5, color="#dddddd", linewidth=0.5)
        axes.set(title=LABELS[metric], xlim=(-reach, right * reach), ylim=(len(arms) - 0.5, -0.5))
        axes.set_yticks(range(len(arms)), arms)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.3, color="#dddddd")
        axes.set_axisbelow(True)
    there = {one["method"] for one in found}
    legend = [dot(colour, label, marker) for way, (label, colour, marker) in DRAWN.items() if way in there]
    foot(figure, "change per doubling of the reasoning tokens, with 95 % interval", legend, 3)
    return figure


def _sharp_reach(entries: list[Entry]) -> float:
    """How far the axis goes: to the farthest of the values that are known to within 0.5."""
    sharp = [one for one in entries if one["high"] - one["low"] < 1] or entries
    ends = [float(abs(one[key])) for one in sharp for key in ("value", "low", "high")]
    return max(0.02, 1.1 * max(ends))


def _ways(axes: Axes, row: int, entries: list[Entry], lines: int, reach: float) -> None:
    """The ways of one arm below one another, two lines for each mode that intervened, named at the right."""
    modes = list(dict.fromkeys(one["mode"] for one in entries))
    ordered = [one for mode in modes for way in DRAWN for one in select(entries, mode=mode, method=way)]
    for i, one in enumerate(ordered):
        y = row + (i - (len(ordered) - 1) / 2) * 0.88 / lines
        _, colour, marker = DRAWN[one["method"]]
        if abs(one["value"]) > reach:
            side = 1 if one["value"] > 0 else -1
            axes.plot(side * reach * 0.97, y, ">" if side > 0 else "<", color=colour, markersize=4)
        else:
            axes.plot(one["value"], y, marker, color=colour, markersize=3)
            intervals(axes, [one["value"]], [y], [one], upright=False, colour=colour)
        if one["method"] == "intervention":
            axes.text(reach * NAMES, y, one["mode"], fontsize=5.5, ha="right", va="center", color="#333333")


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
