"""Two arms, or modes, prompt by prompt: who passes, who wins, and whether chance would do as much.

Prompts are the units here, without clusters: McNemar's test asks about these prompts; the bootstrap contrast
beside it asks about problems like theirs. With several training seeds a prompt is a unit under each of them, for of
twice as many samples the mean passes a half at another chance; then McNemar's test, whose units are independent, is
not made.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from .intervals import Flags, Floats, Ints

EQUAL = 1e-9  # means of the same verdicts in another order differ by less


class Side(NamedTuple):
    """Values in 0 to 1 (n,), NaN where they say nothing, and the row that each is of.

    `seeds` (n,) number from 0 the training seeds, the same on both sides; None of one, and of what is not trained,
    which stands against each seed of the other side.
    """

    values: Floats
    rows: Ints
    seeds: Ints | None = None


class Flips(NamedTuple):
    """Counts of prompts under each training seed. `pass_fail`: the other one passes and the arm fails; win and lose: by
    mean over samples; `mcnemar_p` is None of several seeds.
    """

    pass_pass: int
    pass_fail: int
    fail_pass: int
    fail_fail: int
    win: int
    tie: int
    lose: int
    mcnemar_p: float | None
    n: int


class Turned(NamedTuple):
    """Counts of prompts under each training seed: `repaired` pass in the arm alone, `broken` in the other alone;
    `prompts` are all of them.
    """

    repaired: int
    broken: int
    prompts: int

    @property
    def churn(self) -> float:
        """The share of the prompts that do not do on one side what they do on the other."""
        return (self.repaired + self.broken) / self.prompts


def turned(arm: Side, against: Side) -> Turned | None:
    """The prompts that pass on one side alone; passing and None as in `flips`."""
    sides = _means_known(arm, against)
    if sides is None:
        return None
    passes, passed = (means > 0.5 + EQUAL for means in sides)
    return Turned(_count(passes & ~passed), _count(passed & ~passes), len(passes))


def flips(arm: Side, against: Side) -> Flips | None:
    """How prompts flip between two sides that have as many samples of each prompt, under each training seed.

    A prompt passes when more than half of its samples do. None where no prompt has values on both sides.
    """
    sides = _means_known(arm, against)
    if sides is None:
        return None
    arm_means, against_means = sides
    passes, passed = arm_means > 0.5 + EQUAL, against_means > 0.5 + EQUAL
    lost, gained = _count(passed & ~passes), _count(passes & ~passed)
    win, lose = _count(arm_means > against_means + EQUAL), _count(arm_means < against_means - EQUAL)
    return Flips(
        pass_pass=_count(passed & passes),
        pass_fail=lost,
        fail_pass=gained,
        fail_fail=_count(~(passed | passes)),
        win=win,
        tie=len(arm_means) - win - lose,
        lose=lose,
        mcnemar_p=mcnemar(lost, gained) if max(_seeds(arm), _seeds(against)) == 1 else None,
        n=len(arm_means),
    )


def mcnemar(lost: int, gained: int) -> float:
    """Exact two-sided p of McNemar's test, from the prompts that flip one way and the other."""
    return float(binomtest(lost, lost + gained).pvalue) if lost + gained else 1.0


def holm(p: Sequence[float]) -> list[float]:
    """The p values of one family adjusted by Holm's step-down, in the order given."""
    order = np.argsort(p)
    factors = np.arange(len(order), 0, -1)
    # Holm's steps never adjust a larger p below a smaller one.
    stepped = np.maximum.accumulate(np.asarray(p, dtype=float)[order] * factors)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted.tolist()


def _means_known(arm: Side, against: Side) -> tuple[Floats, Floats] | None:
    """The mean of each prompt under each seed on both sides, of those that have values on both; None where there is none."""
    rows = 1 + max((int(side.rows.max()) for side in (arm, against) if len(side.rows)), default=-1)
    arm_means, against_means = np.broadcast_arrays(_means(arm, rows), _means(against, rows))
    known = ~(np.isnan(arm_means) | np.isnan(against_means))
    return (arm_means[known], against_means[known]) if known.any() else None


def _means(side: Side, rows: int) -> Floats:
    """Of each prompt under each seed: (seeds, rows)."""
    known = ~np.isnan(side.values)
    count = _seeds(side) * rows
    cell = (side.rows if side.seeds is None else side.rows + rows * side.seeds)[known]
    total, samples = np.bincount(cell, side.values[known], count), np.bincount(cell, minlength=count)
    means: Floats = np.divide(total, samples, out=np.full(count, np.nan), where=samples > 0)
    return means.reshape(-1, rows)


def _seeds(side: Side) -> int:
    return 1 if side.seeds is None else 1 + int(side.seeds.max(initial=0))


def _count(chosen: Flags) -> int:
    return int(chosen.sum())
