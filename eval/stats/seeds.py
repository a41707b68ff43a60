"""What training seeds add to an interval: the spread between seeds beside that between problems.

Seeds and problems are crossed: every seed answers every problem. The variance of a mean over both is that between
problems, which holds the noise of single samples, and what the means of seeds differ by beyond that noise, known with
one degree of freedom less than there are seeds. Two critical values are known for such a sum: the mean of the two
parts' own, weighted by variance (Cochran and Cox 1957), which covers up to 0.975 at 3 seeds, and Student's t with
the degrees of freedom that the parts leave (Satterthwaite 1946), which covers down to 0.92 there. Their mean is taken.
Where seeds differ by no more than noise makes them, the normal one is. `tests/simulation.py` prints what it covers.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from .intervals import TIE, TINY, Flags, Floats, Gaps, Ints, few_differ, few_discordant

UNSEEN = 0.3  # chosen by simulation: of noise, over the degrees of freedom, see `crossed`
HALVINGS = 60  # of the range of p, until it is known to more digits than are kept


class Crossed(NamedTuple):
    """The variance of a mean over seeds and problems, the seeds' share in it, and their degrees of freedom."""

    variance: float
    share: float
    freedom: int

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.variance))

    def critical(self, tail: float) -> float:
        """How many standard errors leave `tail` on one side."""
        normal, student = float(ndtri(tail)), float(stdtrit(self.freedom, tail))
        weighted = normal + self.share * (student - normal)
        joint = float(stdtrit(self.freedom / max(self.share, TINY) ** 2, tail))
        return -(weighted + joint) / 2

    def interval(self, centre: float, level: float = 0.95) -> tuple[float, float]:
        half = self.critical((1 - level) / 2) * self.error
        return centre - half, centre + half

    def p(self, centre: float) -> float:
        """Two-sided against zero: below 0.05 exactly where the 95 % interval leaves zero out."""
        distance = 0.0 if abs(centre) < TIE else abs(centre) / max(self.error, TINY)
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.critical(middle / 2) < distance else (middle, high)
        return high

    @property
    def detectable(self) -> float:
        """What 80 % power at 5 % would find."""
        return (self.critical(0.025) + self.critical(0.2)) * self.error


def residuals(num: Floats, den: Floats) -> Floats:
    """What each problem adds to the deviation of the mean under each seed, from sums (seeds, problems): (seeds, problems).

    The mean is sum(num) / sum(den). A row is added up over its problems and the rows are averaged, so that what is not
    trained, with its one row, stands against each seed. Problems that nothing counts of are left at zero.
    """
    total = den.sum()
    added: Floats = (num - num.sum() / total * den) * (len(den) / total)
    return added


def where_few_differ(value: float, gaps: Gaps, reach: float = 1.0) -> tuple[float, float]:
    """The centre of the interval of a difference of rates, and the least variance between problems for `crossed`: Bonett
    and Price's where too few problems differ to know it, by the `gaps` (1, problems), else the value and none.

    The difference may be as large as `reach`.
    """
    if not few_differ(gaps)[0]:
        return value, 0.0
    (centre,), (error,) = (values.tolist() for values in few_discordant(gaps, reach))
    return centre, error**2


def crossed(added: Floats, counted: Ints | Flags, least: float = 0.0) -> Crossed:
    """From what each problem adds under each seed, (seeds, problems), see `residuals`, over the problems `counted`.

    Those are the problems, two at least, of which anything counts: the others say nothing of how problems differ.
    Of one seed it is the variance between problems alone.
    `least` is a variance between problems below which it is not to be taken, where too few of them differ to know it.
    """
    added = added[:, counted]
    seeds, problems = added.shape
    added = added * problems  # so that a problem's number is of the size of the mean
    of_seed, of_problem = added.mean(axis=1), added.mean(axis=0)
    between = max(float(of_problem.var(ddof=1)) / problems, least)
    if seeds == 1:
        return Crossed(between, 0.0, 1)
    rest = added - of_seed[:, None] - of_problem + added.mean()
    noise = float((rest**2).sum()) / ((seeds - 1) * (problems - 1) * seeds * problems)
    apart = float(of_seed.var(ddof=1)) / seeds
    variance = between + max(apart - noise, 0.0)
    # By chance alone the means of few seeds lie closer than noise makes them; then nothing is known of seeds.
    seen = apart > noise * (1 - UNSEEN / (seeds - 1)) and variance > TINY
    share = apart / variance if seen else 0.0
    return Crossed(variance, min(share, 1.0), seeds - 1)
