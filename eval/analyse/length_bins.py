"""Reasoning length against verdict: bins of one arm's samples, edges in tokens, pooled and within each source.

Equal-count bins follow the arm, fixed edges are the same for every arm. Samples that do not reason are the bin from
0 to 0 tokens. Cut samples and unclosed thoughts have no answer to judge: strata of their own, with n and no value.
Within an arm length goes with difficulty: what a bin shows is association.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..score.measure import Entry, RowSet, ScoredSamples
from ..stats.bins import EDGES, FEWEST, Bin, equal_count_bins, fixed_bins
from ..stats.intervals import Floats, Ints, wilson
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, High, Low, Metric, Mode, SetName
from .formats import rate
from .metrics import OUTCOMES, label
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import COLOURS, COUNT, GREY, LABELS, foot, grid, intervals, line, panels, patch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

Bools = NDArray[np.bool_]

DASHES: dict[str, Any] = {"hacc": "-", "sacc": "--"}
NAMED: dict[str, Any] = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}


class Stratum(NamedTuple):
    """Which samples are judged together: bins by their edges, `unclosed` and `cut` without."""

    kind: str
    source: str | None = None
    from_tokens: int | None = None
    to_tokens: int | None = None
    merged: int = 1


@dataclass(frozen=True)
class LengthBin:
    """An arm's samples whose reasoning has about the same length, its seeds together."""

    set: SetName
    arm: ArmName
    mode: Mode
    metric: Metric
    kind: Annotated[
        str, "`equal_count` or `fixed` edges; `unclosed` and `cut`, which have no answer, apart from both"
    ]
    source: Annotated[str | None, "the source of the problems; null for all of them"]
    from_tokens: Annotated[int | None, "fewest reasoning tokens, 0 to 0 for samples that do not reason"]
    to_tokens: Annotated[int | None, "most reasoning tokens"]
    merged: Annotated[int, "how many of the bins asked for are in this one, so that it holds enough samples"]
    value: Annotated[float | None, "the mean; null where answers cannot be judged, or too few do not reason"]
    low: Low
    high: High
    n: Annotated[int, "samples in it"]


def length_bins(data: SetData, _: EntryLists) -> Iterator[LengthBin]:
    """Every arm and mode in as many bins as the recipe says, for every metric that any of its samples has."""
    for (arm, mode), samples in data.samples.items():
        for metric, stratum, judged in binned(data.row_set, samples, data.bins):
            yield LengthBin(data.name, arm, mode, metric, *stratum, *judged)


class Judged(NamedTuple):
    """The mean over a stratum's samples with its interval, None where there is nothing to judge."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def binned(
    row_set: RowSet, samples: Sequence[ScoredSamples], bins: int, edges: Sequence[int] = EDGES
) -> Iterator[tuple[str, Stratum, Judged]]:
    """One arm's samples (its seeds together) by length, pooled and, where there are several, within each source."""
    tokens = np.concatenate([scored.numbers["reasoning_tokens"] for scored in samples])
    state = np.concatenate([scored.state for scored in samples])
    cut = np.concatenate([scored.numbers["cut"] for scored in samples]) == 1
    row = np.concatenate([scored.row for scored in samples])
    tokens[~cut & (state == "none")] = 0
    unclosed = ~cut & (state == "unclosed")
    judged = ~(cut | unclosed | np.isnan(tokens))
    source = np.array([each.source for each in row_set.rows])[row]
    strata = list(_strata(tokens, judged, None, bins, edges))
    strata += [
        (Stratum(kind), chosen) for kind, chosen in (("unclosed", unclosed), ("cut", cut)) if chosen.any()
    ]
    names = np.unique(source)
    for name in names if len(names) > 1 else ():
        strata += _strata(tokens, judged & (source == name), str(name), bins, edges)
    values = {metric: np.concatenate([scored.numbers[metric] for scored in samples]) for metric in OUTCOMES}
    for metric, verdicts in values.items():
        for stratum, chosen in strata if not np.isnan(verdicts).all() else ():
            yield metric, stratum, _judged(stratum, chosen, verdicts, row_set.cluster[row])


def _strata(
    tokens: Floats, chosen: Bools, source: str | None, count: int, edges: Sequence[int]
) -> Iterator[tuple[Stratum, Bools]]:
    """Both kinds of bins of the chosen samples, and which samples (n,) are in each."""
    thought = tokens[chosen & (tokens > 0)].astype(np.intp)
    silent = [Bin(0, 0, 1)] if (tokens[chosen] == 0).any() else []
    for kind, bins in (
        ("equal_count", equal_count_bins(thought, count)),
        ("fixed", fixed_bins(thought, edges)),
    ):
        for low, high, merged in silent + bins:
            within = chosen & (tokens >= low) & (tokens <= high)
            yield Stratum(kind, source, low, high, merged), within


def _judged(stratum: Stratum, chosen: Bools, values: Floats, clusters: Ints) -> Judged:
    """n, and the mean with its interval where answers are judged and those without reasoning are not too few."""
    known = chosen & ~np.isnan(values)
    n = int(known.sum())
    if stratum.kind in ("unclosed", "cut"):
        return Judged(None, None, None, int(chosen.sum()))
    if not n or (stratum.to_tokens == 0 and n < FEWEST):
        return Judged(None, None, None, n)
    low, high = wilson(values[known], clusters[known])
    return Judged(float(values[known].mean()), low, high, n)


def bins_table(data: ReportData) -> Rows:
    """One line a bin: where from, reasoning tokens from and to, n, and the three rates."""
    lines: dict[tuple[str, str, str, str], dict[str, Entry]] = {}
    for entry in data.entries("bins"):
        span = "" if entry["from_tokens"] is None else f"{entry['from_tokens']}–{entry['to_tokens']}"
        key = (entry["arm"], entry["kind"].replace("_", " "), entry["source"] or "all", span)
        lines.setdefault(key, {})[entry["metric"]] = entry
    return [["arm", "bin", "source", "reasoning tokens", "n", *map(label, OUTCOMES)]] + [
        [*key, str(next(iter(rates.values()))["n"]), *(rate(rates.get(metric)) for metric in OUTCOMES)]
        for key, rates in lines.items()
    ]


def length_lines(data: ReportData) -> Drawing | None:
    """HAcc and SAcc by reasoning length: bin edges in tokens, n in each bin, cut samples apart.

    A panel for each arm with more than one bin, control arms aside: the others reason too rarely to be sorted.
    """
    bins = select(data.entries("bins"), source=None)
    judged = select(bins, metric="hacc", kind="equal_count")
    arms = [
        arm
        for arm in dict.fromkeys(entry["arm"] for entry in judged)
        if len(select(judged, arm=arm)) > 1 and arm not in data.with_role("control")
    ]
    if not arms:
        return None
    figure, made = panels(len(arms), 2, 1.05, left=0.3, foot=0.68)
    for axes, arm in zip(made, arms, strict=True):
        _panel(axes, select(bins, arm=arm))
        axes.set_title(arm)
    lines = [
        line(LABELS[metric], color=COLOURS[metric], linestyle=style, marker="o", markersize=3)
        for metric, style in DASHES.items()
    ]
    apart = patch("cut or unclosed: no answer to judge", facecolor="white", edgecolor=GREY, hatch="////")
    foot(figure, "reasoning tokens (edges of the bins); above them the samples in each bin", [*lines, apart])
    return figure


def _panel(axes: Axes, bins: list[Entry]) -> None:
    judged = select(bins, metric="hacc", kind="equal_count")
    for metric, style in DASHES.items():
        of_metric = select(bins, metric=metric, kind="equal_count")
        known = [(i, entry) for i, entry in enumerate(of_metric) if entry["value"] is not None]
        x = [i + (-0.06 if metric == "hacc" else 0.06) for i, _ in known]
        y = [entry["value"] for _, entry in known]
        axes.plot(x, y, style, color=COLOURS[metric], marker="o", markersize=2.6, linewidth=1.1)
        intervals(axes, x, y, [entry for _, entry in known], upright=True, colour=COLOURS[metric])
    apart = [entry for entry in bins if entry["metric"] == "hacc" and entry["kind"] in ("cut", "unclosed")]
    ticks: dict[float, str] = {len(judged) - 0.5: str(judged[-1]["to_tokens"])}
    for i, entry in enumerate(judged):
        ticks[i if entry["to_tokens"] == 0 else i - 0.5] = str(entry["from_tokens"])
        axes.text(i, -0.08, str(entry["n"]), **COUNT)
    for position, entry in enumerate(apart, len(judged)):
        axes.axvspan(
            position - 0.1, position + 0.7, 0.13, facecolor="white", edgecolor=GREY, hatch="////", linewidth=0
        )
        axes.text(position + 0.3, -0.08, str(entry["n"]), **COUNT)
        axes.text(position + 0.3, 0.5, entry["kind"], rotation=90, **COUNT | NAMED)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set(xlim=(-0.6, len(judged) + len(apart) - 0.2), ylim=(-0.16, 1.04), yticks=[0, 0.5, 1])
    grid(axes, "y")


ANALYSIS = Analysis(
    name="bins",
    entry=LengthBin,
    compute=length_bins,
    heading="Length of reasoning",
    contents="length",
    parts=[
        Figure(
            "lengths",
            "HAcc and SAcc by length of reasoning.",
            "Bins of equal count; the edges are in tokens, above them the samples in each bin; samples that do not "
            "reason are the bin at 0. Cut samples and unclosed thoughts stand apart, in no bin. Within an arm length "
            "goes with difficulty: this shows what goes together, not what causes what. Control arms are in the table.",
            "no arm has two bins of finished samples with constraints to judge",
            length_lines,
        ),
        Table("bins", bins_table, "Every bin, also with fixed edges and within source", "text"),
    ],
)
