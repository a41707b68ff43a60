"""Studies of several training seeds whose truth is known, and how often the intervals hold it.

Problems differ in difficulty; seeds of an arm differ from each other as a whole, and each in what it finds hard. An
arm's truth is its mean over all seeds that might have been drawn. `tests/simulation.py` prints the coverage.
"""

import functools
from typing import NamedTuple

import numpy as np

from reins.eval.analyse.differences import claim, differences, weighted
from reins.eval.analyse.set_data import ArmMeasure
from reins.eval.score.estimates import estimates, resample, together
from reins.eval.score.measure import Measure
from reins.eval.stats.effects import effect_weights

PROBLEMS, SAMPLES = 150, 2
COUNTS = (3, 5, 10)
POPULATION = 400_000
DRAWS = np.ones((PROBLEMS, 10))  # no interval over seeds is made from resamples


class SeedWorld(NamedTuple):
    """Log odds: of a middling problem, what an arm changes, and how far seeds lie apart, as a whole and by problem."""

    level: float = 0.4
    arm: float = 0.6
    apart: float = 0.2
    by_problem: float = 0.5


SEED_WORLDS = {
    "alike": SeedWorld(apart=0.0, by_problem=0.0),
    "a little apart": SeedWorld(apart=0.1),
    "apart": SeedWorld(apart=0.25),
    "far apart": SeedWorld(apart=0.8),
    "apart, near 1": SeedWorld(level=3.0, apart=0.3),
}
EFFECTS = {
    "base": 0.0,
    "arm": 1.0,
    "same": 1.0,
}  # times what an arm changes; `same` is trained, and no better


def passes(rng, world, moved, seeds, easy, *, trained=True):
    """Shares of `SAMPLES` that pass, (seeds, problems), of an arm so many log odds above the base, which is not `trained`."""
    odds = world.level + 1.3 * easy + moved + np.zeros((seeds, 1))
    odds = odds + trained * world.apart * rng.normal(size=(seeds, 1))
    odds = odds + trained * world.by_problem * rng.normal(size=odds.shape)
    return rng.binomial(SAMPLES, 1 / (1 + np.exp(-odds))) / SAMPLES


@functools.cache
def truth(world):
    """The rate of each arm, over problems and seeds without end."""
    rng = np.random.default_rng(7)
    easy = rng.normal(size=POPULATION)
    apart = rng.normal(size=POPULATION) * np.hypot(world.apart, world.by_problem)
    chance = {}
    for name, effect in EFFECTS.items():
        odds = world.level + 1.3 * easy + effect * world.arm + (effect > 0) * apart
        chance[name] = float((1 / (1 + np.exp(-odds))).mean())
    return chance


def measured(name, rates):
    """An arm as the analysis gets it, from its rates (seeds, problems)."""
    problems = np.arange(rates.shape[1])
    of_seeds = [Measure("hacc", None, rate, problems, problems) for rate in rates]
    seeds = () if name == "base" else tuple(range(len(rates)))
    measure = together(of_seeds) if len(of_seeds) > 1 else of_seeds[0]
    return ArmMeasure(name, None, None, "think", measure, seeds)


def seed_study(rng, world, seeds):
    """Each interval of one study with its truth: name -> (truth, value, low, high), and differences by name."""
    easy = rng.normal(size=PROBLEMS)
    arms = [
        measured(
            name, passes(rng, world, effect * world.arm, seeds if effect else 1, easy, trained=effect > 0)
        )
        for name, effect in EFFECTS.items()
    ]
    sums = resample([arm.measure for arm in arms], DRAWS)
    rates = estimates([arm.measure for arm in arms], sums)
    gaps = dict(zip(("arm - base", "no effect"), differences(arms, sums, [(1, 0), (2, 1)]), strict=True))
    true = truth(world)
    found = {"rate of arm": (true["arm"], *rates[1][:3])}
    for name, gap in gaps.items():
        found[name] = (true["arm"] - true["base"] if name == "arm - base" else 0.0, *gap[:3])
    return found, gaps


class SeedCoverage(NamedTuple):
    """Shares of intervals that hold the truth, and of p below 0.05; `equivalent`: claimed at a margin that is the truth."""

    covered: float
    significant: float
    equivalent: float


def seed_coverage(world, seeds, studies, *, seed=0):
    """The coverage of every interval of studies of so many seeds, by name."""
    rng = np.random.default_rng([seed, seeds])
    held, found_significant, found_equal = {}, {}, {}
    for _ in range(studies):
        found, gaps = seed_study(rng, world, seeds)
        for name, (true, _, low, high) in found.items():
            held.setdefault(name, []).append(low <= true <= high)
        for name, gap in gaps.items():
            found_significant.setdefault(name, []).append(gap.p < 0.05)
            margin = abs(found[name][0])
            found_equal.setdefault(name, []).append(bool(margin) and claim(gap, margin) == "equivalent")
    shares = {
        name: (held[name], found_significant.get(name, [0]), found_equal.get(name, [0])) for name in held
    }
    return {name: SeedCoverage(*(float(np.mean(flags)) for flags in of)) for name, of in shares.items()}


CELLS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
PLANTED = np.array([0.0, -0.5, 0.7, 0.9])  # log odds of the cells: both factors count, and they interact
EFFECTS_OF = {
    "first factor": (((0, 1),), None),
    "second factor": (((1, 1),), None),
    "interaction": (((0, 1), (1, 1)), (0, 1)),
}


def effect_coverage(world, seeds, studies, *, seed=0):
    """How often the interval of each effect holds the planted one, over studies of a factorial of two by two."""
    weights = {name: effect_weights(CELLS, pair)[term] for name, (term, pair) in EFFECTS_OF.items()}
    rng = np.random.default_rng(11)
    easy, apart = rng.normal(size=(2, POPULATION))
    apart *= np.hypot(world.apart, world.by_problem)
    odds = world.level + 1.3 * easy + apart
    means = np.array([(1 / (1 + np.exp(-odds - moved))).mean() for moved in PLANTED])
    rng, held = np.random.default_rng([seed, seeds]), dict.fromkeys(weights, 0)
    for _ in range(studies):
        easy = rng.normal(size=PROBLEMS)
        rates = [passes(rng, world, moved, seeds, easy) for moved in PLANTED]
        cells = [measured("cell", rate).measure for rate in rates]
        sums = resample(cells, DRAWS)
        for name, weight in weights.items():
            low, high = weighted(cells, sums, weight).interval()
            held[name] += low <= weight @ means <= high
    return {name: count / studies for name, count in held.items()}
