"""What is measured on the scored samples of one checkpoint, set and mode: one mean per metric and group.

Rates over all samples (a cut sample or unclosed thought has no answer and fails): `hacc`, `sacc`, `correct`,
`joint` (all constraints and the answer). Beside them the shares `cut`, `unclosed` and `reasoned` (a thought that is
not empty), `hacc_finished` and `sacc_finished` (cut and unclosed left out), and lengths in tokens. `verdict` is the
share of single verdicts that hold, by constraint type, category and scope too; over all of them it is IFEval's
instruction-level figure, as `hacc` is its prompt-level one, and both have a loose form where the scores do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ..stats.intervals import Estimate, Flags, Floats, Ints
from ..verify import JUDGED
from ..verify.responses import CHANCES, COSTS
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

# What sampling told beside: no metrics, but what a mode costs and does.
TOLD: dict[str, Callable[[Score], float | None]] = {
    **{name: attrgetter(name) for name in (*COSTS, *CHANCES)},
    "first_hacc": lambda score: score.first.hacc if score.first else None,
    "same": lambda score: score.first.same if score.first else None,
}

Entry = dict[str, Any]


class Group(NamedTuple):
    """What shares something: samples by `n_constraints` or `source`, verdicts by `type`, `category` or `scope`."""

    by: str
    value: str | int


class Measure(NamedTuple):
    """Values (n,) of one metric with the cluster (n,) each belongs to.

    `rows` (n,) number the prompts that they are of, where that is known; `seeds` (n,) number from 0 the training seeds
    that they are of, where several are together.
    """

    metric: str
    group: Group | None
    values: Floats
    clusters: Ints
    rows: Ints | None = None
    seeds: Ints | None = None

    @property
    def is_rate(self) -> bool:
        return not self.metric.endswith("_tokens")

    @property
    def seed_count(self) -> int:
        """How many training seeds the values are of; none without values."""
        if self.seeds is None:
            return min(len(self.values), 1)
        return len(np.unique(self.seeds))

    def at(self, chosen: Flags) -> "Measure":
        """Of some of the samples."""
        return self._replace(
            values=self.values[chosen],
            clusters=self.clusters[chosen],
            rows=None if self.rows is None else self.rows[chosen],
            seeds=None if self.seeds is None else self.seeds[chosen],
        )


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

    `format` names how a thought is marked, empty where there is none. `told` are the numbers of `TOLD`: costs, chances,
    and what the first of two passes was.
    """

    row: Ints
    numbers: dict[str, Floats]
    state: np.ndarray
    verdicts: list[list[bool]]
    loose: list[list[bool]] | None
    late: np.ndarray
    format: np.ndarray
    told: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, row_set: RowSet, scores: Sequence[Score]) -> "ScoredSamples":
        samples = cls(
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
            {
                name: np.array([number(score) for score in scores], dtype=float)
                for name, number in TOLD.items()
            },
        )
        for name in ("reasoning_tokens", "answer_tokens"):
            # A server may count tokens of replies without a thought alone: the mean of those is of no arm.
            if np.isnan(samples.numbers[name][samples.finished]).any():
                samples.numbers[name].fill(np.nan)
        return samples

    def tells(self, name: str) -> Floats:
        """The numbers of one name; NaN where they are not told."""
        return self.told.get(name, np.full(len(self.row), np.nan))

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
    yield from _known(
        (Measure(metric, None, values, clusters, scored.row) for metric, values in whole.items())
    )
    labels = {
        "n_constraints": np.array([len(types) for types in row_set.types])[scored.row],
        "source": np.array([row.source for row in row_set.rows])[scored.row],
    }
    for by, label in labels.items():
        values = np.unique(label)
        for value in values if len(values) > 1 else []:  # a single group would repeat the whole set
            group, chosen = Group(by, value.item()), label == value
            yield from _known(
                Measure(metric, group, numbers[metric][chosen], clusters[chosen], scored.row[chosen])
                for metric in ("hacc", "sacc", "correct")
            )
    yield from _verdicts(row_set, scored, clusters)


def _verdicts(row_set: RowSet, scored: ScoredSamples, clusters: Ints) -> Iterator[Measure]:
    names = np.array([name for row in scored.row for name in row_set.types[row]])
    counts = [len(verdicts) for verdicts in scored.verdicts]
    owner, row = np.repeat(clusters, counts), np.repeat(scored.row, counts)
    if not len(names):
        return
    held = _flat(scored.verdicts)
    yield Measure("verdict", None, held, owner, row)
    if scored.loose:
        # An empty list is a row without constraints, which would count as passed.
        constrained = np.array([bool(loose) for loose in scored.loose])
        passed = np.array([all(loose) for loose in scored.loose], dtype=float)
        yield Measure("hacc_loose", None, passed[constrained], clusters[constrained])
        yield Measure("verdict_loose", None, _flat(scored.loose), owner)
    for by, label in _labels(names).items():
        for value in np.unique(label):
            chosen = label == value
            yield Measure("verdict", Group(by, str(value)), held[chosen], owner[chosen], row[chosen])


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
            yield measure.at(known)


def group_entry(group: Group | None) -> Entry | None:
    return group and group._asdict()


def figure(measure: Measure, estimate: Estimate, **where: Any) -> Entry:
    """One figure: where it stands, the metric and group, value, interval, samples and clusters."""
    return {**where, "metric": measure.metric, "group": group_entry(measure.group), **estimate._asdict()}
