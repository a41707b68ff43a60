"""What training seeds add to an interval: the spread between seeds beside that between problems.

Seeds and problems are crossed: every seed answers every problem. The variance of a mean over both is what seeds
add, with one degree of freedom less than there are seeds, and what problems add beyond the noise of single samples,
which is in both. Its critical value is the mean of the two parts' own, weighted by variance (Cochran and
Cox 1957): with few seeds Student's t where seeds differ, the normal one where they
do not. Satterthwaite's degrees of freedom, tried first, cover 0.92 at 3 seeds (`tests/simulation.py`).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from .intervals import POWER_Z, TINY, Floats, Z

HALVINGS = 60  # of the range of p, until it is known to more digits than are kept


class Crossed(NamedTuple):
    """The variance of a mean over seeds and problems, in its two parts, and the degrees of freedom of the seeds'."""

    problems: float
    seeds: float
    freedom: int

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.problems + self.seeds))

    def critical(self, tail: float) -> float:
        """How many standard errors leave `tail` on one side."""
        normal, student = -float(ndtri(tail)), -float(stdtrit(self.freedom, tail))
        share = self.seeds / max(self.problems + self.seeds, TINY)
        return normal + share * (student - normal)

    def interval(self, centre: float, level: float = 0.95) -> tuple[float, float]:
        half = self.critical((1 - level) / 2) * self.error
        return centre - half, centre + half

    def p(self, centre: float) -> float:
        """Two-sided against zero: below 0.05 exactly where the 95 % interval leaves zero out."""
        distance = abs(centre) / max(self.error, TINY)
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.critical(middle / 2) < distance else (middle, high)
        return high

    @property
    def detectable(self) -> float:
        """What 80 % power at 5 % would find."""
        share = self.seeds / max(self.problems + self.seeds, TINY)
        student = -float(stdtrit(self.freedom, 0.025)) - float(stdtrit(self.freedom, 0.2))
        return (Z + POWER_Z + share * (student - Z - POWER_Z)) * self.error


def residuals(num: Floats, den: Floats) -> Floats:
    """What each seed and problem adds to the deviation of the mean, from sums (seeds, problems): (seeds, problems).

    The mean is sum(num) / sum(den); the mean of what is returned is zero. Problems that nothing counts of are left at
    zero.
    """
    mean, weight = num.sum() / den.sum(), den.sum() / den.size
    added: Floats = (num - mean * den) / weight
    return added


def crossed(added: Floats, least: float = 0.0) -> Crossed:
    """From what each of at least two seeds and two problems adds to a mean, (seeds, problems), see `residuals`.

    `least` is a variance between problems below which it is not to be taken, where too few of them differ to know it.
    """
    seeds, problems = added.shape
    of_seed, of_problem = added.mean(axis=1), added.mean(axis=0)
    rest = added - of_seed[:, None] - of_problem + added.mean()
    noise = float((rest**2).sum()) / ((seeds - 1) * (problems - 1) * seeds * problems)
    between = max(float(of_problem.var(ddof=1)) / problems, least)
    return Crossed(max(between - noise, 0.0), float(of_seed.var(ddof=1)) / seeds, seeds - 1)
