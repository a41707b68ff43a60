"""The rows that policies choose among: what each way of asking reached on a row and what it cost, means over samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..score.measure import ScoredSamples
from ..stats.intervals import Flags, Floats, Ints
from ..verify.decision import DIRECT, THINKING
from ..verify.responses import CHANCES
from ..verify.rows import Row
from .set_data import SetData

COSTS = ("drawn_tokens", "prompt_tokens", "calls")


@dataclass(frozen=True)
class Means:
    """Of each row (n,): mean HAcc, that of its even and odd samples (2, n), and mean costs (3, n) in the order of COSTS.

    NaN where there is no sample, or nothing is told.
    """

    hacc: Floats
    halves: Floats
    costs: Floats

    @classmethod
    def of(cls, samples: Sequence[ScoredSamples], count: int) -> Means:
        row = np.concatenate([scored.row for scored in samples])
        hacc = np.concatenate([scored.numbers["hacc"] for scored in samples])
        order = np.argsort(row, kind="stable")
        place = np.empty(len(row), dtype=np.intp)
        place[order] = np.arange(len(row)) - np.searchsorted(row[order], row[order])
        every = np.ones(len(row), dtype=bool)
        halves = [_mean_by(row, hacc, count, place % 2 == half) for half in (0, 1)]
        costs = [_mean_by(row, _cost(samples, name), count, every) for name in COSTS]
        return cls(_mean_by(row, hacc, count, every), np.stack(halves), np.stack(costs))

    def at(self, rows: Flags) -> Means:
        """Those of some rows."""
        return Means(self.hacc[rows], self.halves[:, rows], self.costs[:, rows])


def _cost(samples: Sequence[ScoredSamples], name: str) -> Floats:
    """A cost of each sample; tokens that no one counted as drawn are those of its reply."""
    told = np.concatenate([scored.tells(name) for scored in samples])
    if name != "drawn_tokens":
        return told
    lengths = [scored.numbers["reasoning_tokens"] + scored.numbers["answer_tokens"] for scored in samples]
    return np.where(np.isnan(told), np.concatenate(lengths), told)


def _mean_by(row: Ints, values: Floats, count: int, chosen: Flags) -> Floats:
    sums = np.bincount(row[chosen], values[chosen], count)
    times = np.bincount(row[chosen], minlength=count)
    return np.asarray(np.divide(sums, times, out=np.full(count, np.nan), where=times > 0))


@dataclass(frozen=True)
class RowOutcomes:
    """The rows (n,) that were answered both ways, what came of both, and the problem that each belongs to."""

    rows: Sequence[Row]
    think: Means
    direct: Means
    cluster: Ints
    states: Floats | None = None  # of the prompts that ask for a thought (n, hidden), where they were kept

    @property
    def thinking_wins(self) -> Flags:
        """The truth that policies are held against; a tie is no reason to think."""
        return np.greater(self.think.hacc, self.direct.hacc)

    @cached_property
    def features(self) -> list[str]:
        """What a classifier reads of each row."""
        return [_features(row) for row in self.rows]

    def at(self, rows: Flags) -> RowOutcomes:
        """Those of some rows."""
        kept = [row for row, is_kept in zip(self.rows, rows, strict=True) if is_kept]
        states = None if self.states is None else self.states[rows]
        return RowOutcomes(kept, self.think.at(rows), self.direct.at(rows), self.cluster[rows], states)

    def value(self, chance: Floats) -> Floats:
        """HAcc (n,) where a row is answered after thinking with this chance."""
        return chance * self.think.hacc + (1 - chance) * self.direct.hacc

    def costs(self, chance: Floats) -> Floats:
        """The costs (3, n) of the same."""
        return chance * self.think.costs + (1 - chance) * self.direct.costs


class Pairing(NamedTuple):
    """The rows answered both ways, and which of the set (count,) they are."""

    outcomes: RowOutcomes
    rows: Flags


def both_ways(data: SetData) -> Iterator[tuple[str, str, Pairing]]:
    """Every arm and mode that thinks with rows that it answered directly too; the seeds of an arm together."""
    for arm in data.arms:
        for mode in data.modes:
            if mode in THINKING and (paired := _pairing(data, arm, mode)):
                yield arm, mode, paired


def _pairing(data: SetData, arm: str, mode: str) -> Pairing | None:
    """The rows of a set that an arm answered in a mode and directly; None where there is none, or of other seeds."""
    if (arm, DIRECT) not in data.samples or (arm, mode) not in data.samples:
        return None
    if not data.comparable((arm, mode), (arm, DIRECT)):
        return None
    think, direct = (Means.of(data.samples[arm, way], len(data.row_set.rows)) for way in (mode, DIRECT))
    both = ~np.isnan(think.hacc) & ~np.isnan(direct.hacc)
    if not both.any():
        return None
    states = data.prompt_states(arm, mode)
    return Pairing(RowOutcomes(data.row_set.rows, think, direct, data.row_set.cluster, states).at(both), both)


def of_other_sets(data: SetData, arm: str, mode: str) -> dict[str, RowOutcomes]:
    """What came of the rows of the run's other sets that an arm answered both ways, by set; without problems that this set
    has too."""
    problems = {row.problem_id for row in data.row_set.rows}
    others = {}
    for name in data.run.evaluate:
        if name != data.name and (paired := _pairing(SetData(data.run, name), arm, mode)):
            apart = np.array([row.problem_id not in problems for row in paired.outcomes.rows])
            others[name] = paired.outcomes.at(apart)
    return others


@dataclass(frozen=True)
class Decisions:
    """What a model decided about rows (n,): `p_yes` (NaN where neither word was said), `p_word`, and costs (3, n)."""

    p_yes: Floats
    p_word: Floats
    costs: Floats


def decisions_of(data: SetData, arm: str, rows: Flags) -> Decisions | None:
    """An arm's decisions about some rows, the mean over its seeds; None where it was not asked."""
    samples, count = data.decisions.get(arm), len(data.row_set.rows)
    if not samples:
        return None
    row = np.concatenate([scored.row for scored in samples])
    means = []
    for name in CHANCES:
        told = np.concatenate([scored.tells(name) for scored in samples])
        means.append(_mean_by(row, told, count, ~np.isnan(told))[rows])
    return Decisions(means[0], means[1], Means.of(samples, count).at(rows).costs)


def _features(row: Row) -> str:
    """Words of the prompt, ids of the constraints and their number, as tokens apart."""
    said = " ".join([row.question, *(constraint.description or "" for constraint in row.constraints)])
    ids = [f"type={constraint.id}" for constraint in row.constraints]
    return " ".join([*said.casefold().split(), *ids, f"count={len(ids)}"])
