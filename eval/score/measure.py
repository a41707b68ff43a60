"""What is measured on the scored samples of one checkpoint, set and mode: one mean per metric and group.

Rates over all samples (a cut sample or unclosed thought has no answer and fails): `hacc`, `sacc`, `correct`,
`joint` (all constraints and the answer). Beside them the shares `cut`, `unclosed` and `reasoned` (a thought that is
not empty), `hacc_finished` and `sacc_finished` (cut and unclosed left out), and lengths in tokens. `verdict` is the
share of single verdicts that hold, by constraint type, category and scope too; over all of them it is IFEval's
instruction-level figure, as `hacc` is its prompt-level one, and both have a loose form where the scores do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ..stats import intervals
from ..stats.intervals import Estimate, Flags, Floats, Ints
from ..verify import JUDGED
from ..verify.rows import Row
from .scores import Score

# Metrics that every score gives a number for, or None.
NUMBERS: dict[str, Callable[[Score], float | None]] = {
    "hacc": attrgetter("hacc"),
    "sacc": attrgetter("sacc"),
    "correct": attrgetter("correct"),
    "cut": attrgetter("truncated"),
    "reasoning_tokens": attrgetter("reasoning_tokens"),
    "answer_tokens": attrgetter("answer_tokens"),
}

Entry = dict[str, Any]


class Group(NamedTuple):
    """What shares something: samples by `n_constraints` or `source`, verdicts by `type`, `category` or `scope`."""

    by: str
    value: str | int


class Measure(NamedTuple):
    """Values (n,) of one metric with the cluster (n,) each belongs to."""

    metric: str
    group: Group | None
    values: Floats
    clusters: Ints

    @property
    def is_rate(self) -> bool:
        return not self.metric.endswith("_tokens")


@dataclass(frozen=True)
class RowSet:
    """The rows of a set, and which problem (cluster) and which of its sources each belongs to."""

    rows: list[Row]
    position: dict[str, int]
    cluster: Ints
    clusters: int
    source: Ints
    types: list[list[str]]

    @classmethod
    def of(cls, rows: list[Row]) -> "RowSet":
        cluster = _numbered([row.problem_id for row in rows])
        return cls(
            rows,
            {row.name: i for i, row in enumerate(rows)},
            cluster,
            int(cluster.max()) + 1,
            _numbered([row.source for row in rows]),
            [[constraint.id for constraint in row.constraints] for row in rows],
        )


def _numbered(names: list[str]) -> Ints:
    """Each name's number, in order of first appearance."""
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.intp)


@dataclass(frozen=True)
class ScoredSamples:
    """Scored samples as arrays (n,); a number that is null in the file is NaN here. `late`: not graded in time.

    `format` names how a thought is marked, empty where there is none.
    """

    row: Ints
    numbers: dict[str, Floats]
    state: np.ndarray
    verdicts: list[list[bool]]
    loose: list[list[bool]] | None
    late: np.ndarray
    format: np.ndarray

    @classmethod
    def of(cls, row_set: RowSet, scores: Sequence[Score]) -> "ScoredSamples":
        return cls(
            np.array([row_set.position[score.row] for score in scores], dtype=np.intp),
            {
                name: np.array([number(score) for score in scores], dtype=float)
                for name, number in NUMBERS.items()
            },
            np.array([_state(score) for score in scores]),
            [score.verdicts for score in scores],
            [score.loose for score in scores if score.loose is not None] or None,
            np.array([score.outcome == "timeout" for score in scores]),
            np.array([score.format or "" for score in scores]),
        )

    @property
    def finished(self) -> Flags:
        """Neither cut nor unclosed; a sample that does not say whether it was cut counts as not cut."""
        flags: Flags = (self.numbers["cut"] != 1) & (self.state != "unclosed")
        return flags

    @property
    def reasoned(self) -> Flags:
        """A thought is there, and not an empty one as mode `direct` puts in."""
        flags: Flags = (self.state != "none") & (self.numbers["reasoning_tokens"] != 0)
        return flags


def _state(score: Score) -> str:
    """The state of a score; a thought that is closed and empty counts as none."""
    return score.state if score.reasoned or score.state == "unclosed" else "none"


def measures(row_set: RowSet, scored: ScoredSamples) -> Iterator[Measure]:
    """Every metric over all samples, then samples by number of constraints and source, then verdicts by kind."""
    numbers, clusters = scored.numbers, row_set.cluster[scored.row]
    whole = {
        **numbers,
        "joint": numbers["hacc"] * numbers["correct"],
        "unclosed": (scored.state == "unclosed").astype(float),
        "reasoned": scored.reasoned.astype(float),
        "hacc_finished": np.where(scored.finished, numbers["hacc"], np.nan),
        "sacc_finished": np.where(scored.finished, numbers["sacc"], np.nan),
    }
    yield from _known((Measure(metric, None, values, clusters) for metric, values in whole.items()))
    labels = {
        "n_constraints": np.array([len(types) for types in row_set.types])[scored.row],
        "source": np.array([row.source for row in row_set.rows])[scored.row],
    }
    for by, label in labels.items():
        values = np.unique(label)
        for value in values if len(values) > 1 else []:  # a single group would repeat the whole set
            group, chosen = Group(by, value.item()), label == value
            yield from _known(
                Measure(metric, group, numbers[metric][chosen], clusters[chosen])
                for metric in ("hacc", "sacc", "correct")
            )
    yield from _verdicts(row_set, scored, clusters)


def _verdicts(row_set: RowSet, scored: ScoredSamples, clusters: Ints) -> Iterator[Measure]:
    names = np.array([name for row in scored.row for name in row_set.types[row]])
    owner = np.repeat(clusters, [len(verdicts) for verdicts in scored.verdicts])
    if not len(names):
        return
    held = _flat(scored.verdicts)
    yield Measure("verdict", None, held, owner)
    if scored.loose:
        # An empty list is a row without constraints, which would count as passed.
        constrained = np.array([bool(loose) for loose in scored.loose])
        passed = np.array([all(loose) for loose in scored.loose], dtype=float)
        yield Measure("hacc_loose", None, passed[constrained], clusters[constrained])
        yield Measure("verdict_loose", None, _flat(scored.loose), owner)
    for by, label in _labels(names).items():
        for value in np.unique(label):
            chosen = label == value
            yield Measure("verdict", Group(by, str(value)), held[chosen], owner[chosen])


def _labels(names: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "type": names,
        "category": np.array([JUDGED[name].category for name in names]),
        "scope": np.array([JUDGED[name].scope for name in names]),
    }


def _flat(verdicts: list[list[bool]]) -> Floats:
    return np.array([verdict for of_sample in verdicts for verdict in of_sample], dtype=float)


def _known(measured: Iterator[Measure]) -> Iterator[Measure]:
    """Values that are null say nothing, and a metric without any value is not there."""
    for measure in measured:
        known = ~np.isnan(measure.values)
        if known.any():
            yield measure._replace(values=measure.values[known], clusters=measure.clusters[known])


class Sums(NamedTuple):
    """Measures summed by cluster, and their resampled means: num, den (m, clusters), resampled (m, r)."""

    num: Floats
    den: Floats
    resampled: Floats

    def of(self, chosen: Sequence[int]) -> "Sums":
        """Those of some of the measures."""
        return Sums(*(part[list(chosen)] for part in self))


def resample(measured: Sequence[Measure], draws: Floats) -> Sums:
    """Sums by cluster and means under `draws` (clusters, r); see `intervals.draw_clusters`."""
    clusters = len(draws)
    num = np.array([np.bincount(measure.clusters, measure.values, clusters) for measure in measured])
    den = np.array([np.bincount(measure.clusters, minlength=clusters) for measure in measured], dtype=float)
    return Sums(num, den, intervals.ratios(num, den, draws))


def estimates(measured: Sequence[Measure], sums: Sums) -> list[Estimate]:
    """The mean of each measure with its interval: bootstrap, or Wilson near 0 and 1, or none of one cluster."""
    bounds = zip(*intervals.percentile_interval(sums.resampled), strict=True)
    clusters = (sums.den > 0).sum(axis=1)
    return [
        _estimate(measure, int(k), *map(float, ends))
        for measure, k, ends in zip(measured, clusters, bounds, strict=True)
    ]


def macro(measured: Sequence[Measure], sums: Sums) -> Estimate | None:
    """The mean over constraint types of the share of a type's verdicts that hold, from one arm's measures.

    A type that a resample does not draw is left out of it. (The mean over prompts is `sacc`.) None without types.
    """
    types = [
        i
        for i, measure in enumerate(measured)
        if measure.metric == "verdict" and measure.group and measure.group.by == "type"
    ]
    if not types:
        return None
    type_sums = sums.of(types)
    drawn, count = np.nansum(type_sums.resampled, axis=0), (~np.isnan(type_sums.resampled)).sum(axis=0)
    low, high = spread(np.divide(drawn, count, out=np.full_like(drawn, np.nan), where=count > 0))
    value = float(np.mean([measured[i].values.mean() for i in types]))
    return Estimate(value, low, high, int(type_sums.den.sum()), int((type_sums.den.sum(axis=0) > 0).sum()))


def spread(drawn: Floats) -> tuple[float, float] | tuple[None, None]:
    """The 95 % percentile interval of resamples (r,), or None where they are all alike."""
    (low,), (high,) = intervals.percentile_interval(drawn[None])
    return (float(low), float(high)) if high > low else (None, None)


def _estimate(measure: Measure, clusters: int, low: float, high: float) -> Estimate:
    values = measure.values
    ends: tuple[float | None, float | None] = (low, high)
    if clusters < 2:
        ends = (None, None)
    elif measure.is_rate and intervals.near_edge(values, measure.clusters):
        ends = intervals.wilson(values, measure.clusters)
    return Estimate(float(values.mean()), *ends, len(values), clusters)


def group_entry(group: Group | None) -> Entry | None:
    return group and group._asdict()


def figure(measure: Measure, estimate: Estimate, **where: Any) -> Entry:
    """One figure: where it stands, the metric and group, value, interval, samples and clusters."""
    return {**where, "metric": measure.metric, "group": group_entry(measure.group), **estimate._asdict()}
