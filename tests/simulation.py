"""Studies whose truth is known, and how often the intervals hold it.

Problems differ in difficulty, and so do their sources. Hard problems are reasoned about longer and failed more
often; beyond that every doubling of a sample's own reasoning changes its log odds by a planted amount, arms differ
by a planted effect, and what grows over the limit is cut and fails. Pooled, length looks far worse than it is.

python tests/simulation.py [--studies 4000] prints the coverage of every interval in worlds of every kind.
"""

import argparse
import time
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr
from simulation_seeds import COUNTS, SEED_WORLDS, SeedCoverage, effect_coverage, seed_coverage

from reins.eval.analyse import length_bins
from reins.eval.score.estimates import estimates, resample
from reins.eval.score.measure import NUMBERS, Measure, RowSet, ScoredSamples
from reins.eval.stats import intervals
from reins.eval.stats.length_slopes import ModeSamples, Samples, associations, intervention
from reins.eval.stats.oaxaca import Outcomes, attribute
from reins.eval.verify import Row

SOURCES = np.array([-0.9, -0.2, 0.2, 0.9])  # mean difficulty of a source's problems
SPREAD, WITHIN = 0.8, 0.5  # of difficulty among a source's problems; of log2 length among a row's samples
LONGER = 0.5  # doublings of length for one unit of difficulty
MIDDLE, LIMIT = 256, 1.0  # tokens of a middling length; doublings of it after which a sample is cut
PROBLEMS, SAMPLES, RESAMPLES = 150, 4, 1000
POPULATION = 50_000


class World(NamedTuple):
    """Log odds of a problem of middling difficulty and length, and what moves them."""

    level: float
    difficulty: float = -1.2
    doubling: float = -0.5
    arm: float = 0.6


WORLDS = {  # several levels, because the coverage of any interval of counts swings with the rate itself
    "middle": [World(0.3)],
    "near 0": [World(level) for level in np.linspace(-4.9, -3.5, 8)],
    "near 1": [World(level) for level in np.linspace(3.8, 5.2, 8)],
    "no effect of length": [World(0.3, doubling=0.0)],
}


class Rows(NamedTuple):
    difficulty: np.ndarray
    source: np.ndarray
    cluster: np.ndarray


class Drawn(NamedTuple):
    """Samples (n,) of one arm in one mode."""

    tokens: np.ndarray
    passed: np.ndarray
    cut: np.ndarray
    reasoned: np.ndarray
    answer_tokens: np.ndarray
    row: np.ndarray


def rows(rng, problems=PROBLEMS):
    """Problems of a source each, drawn at random; every third problem has two rows."""
    source = rng.integers(0, len(SOURCES), problems)
    cluster = np.concatenate([np.arange(problems), np.arange(0, problems, 3)])
    difficulty = SOURCES[source] + rng.normal(0, SPREAD, problems)
    return Rows(difficulty[cluster] + rng.normal(0, 0.3, len(cluster)), source[cluster], cluster)


def draw(rng, world, of, *, arm=0.0, longer=0.0, reasons=0.6, answer=0.0):
    """Samples of an arm `arm` log odds above the base, told to think about `longer` doublings more."""
    row = np.repeat(np.arange(len(of.cluster)), SAMPLES)
    difficulty = of.difficulty[row]
    length = LONGER * difficulty + rng.normal(0, WITHIN, len(row))
    if longer:
        length += longer * rng.uniform(0.5, 1.5, len(of.cluster))[row]
    reasoned = rng.random(len(row)) < reasons
    cut = reasoned & (length > LIMIT)
    own = rng.normal(answer, 0.4, len(row))
    odds = world.level + arm + world.difficulty * difficulty + 0.3 * own
    odds += reasoned * (world.doubling * length - 0.4)
    passed = (rng.random(len(row)) < 1 / (1 + np.exp(-odds))) & ~cut
    tokens = np.where(reasoned, np.maximum(1, np.round(MIDDLE * 2 ** np.minimum(length, LIMIT))), 0)
    return Drawn(tokens, passed.astype(float), cut, reasoned, np.round(60 * 2**own), row)


def judged(of, drawn):
    """The finished samples that reasoned."""
    kept = ~drawn.cut & drawn.reasoned
    row = drawn.row[kept]
    return Samples(drawn.tokens[kept], drawn.passed[kept], row, of.source[row], of.cluster[row])


def side(of, drawn):
    return ModeSamples(drawn.tokens, drawn.passed, drawn.row, of.cluster[drawn.row])


def outcomes(of, drawn):
    cluster = of.cluster[drawn.row]
    numbers = drawn.passed, drawn.answer_tokens, drawn.tokens
    return Outcomes(*numbers, drawn.reasoned, ~drawn.cut, drawn.row, cluster)


class Study(NamedTuple):
    """One study: the base, an arm planted apart, one that is not, and the first arm told to think on."""

    of: Rows
    base: Drawn
    arm: Drawn
    same: Drawn
    longer: Drawn


def study(rng, world, problems=PROBLEMS):
    of = rows(rng, problems)
    arm = {"arm": world.arm, "reasons": 0.95, "answer": -0.3}
    return Study(
        of,
        draw(rng, world, of),
        draw(rng, world, of, **arm, longer=0.25),
        draw(rng, world, of),
        draw(rng, world, of, **arm, longer=0.75),
    )


class Interval(NamedTuple):
    value: float | None
    low: float | None
    high: float | None


def measured(made, draws):
    """Every interval of one study but the bins', by name."""
    found = whole_set(made, draws)
    slopes = associations(judged(made.of, made.arm))
    slopes.append(intervention(side(made.of, made.longer), side(made.of, made.arm)))
    for one in slopes:
        found[one.method] = Interval(one.value, one.low, one.high)
    for part in attribute(outcomes(made.of, made.arm), outcomes(made.of, made.base)):
        found[f"part {part.part}"] = Interval(part.value, part.low, part.high)
    return found


def whole_set(made, draws):
    """The rates of base and arm, and paired differences: planted, none, and between two modes of the arm."""
    cells = (made.base, made.arm, made.same, made.longer)
    found = [Measure("hacc", None, one.passed, made.of.cluster[one.row]) for one in cells]
    sums = resample(found, draws)
    base, arm, *_ = estimates(found, sums)
    pairs = np.array([[1, 0], [2, 0], [3, 1]])
    gap = intervals.differences(*sums, pairs, rates=np.full(3, True))
    named = {"rate of base": Interval(*base[:3]), "rate of arm": Interval(*arm[:3])}
    for i, name in enumerate(("arm - base", "no effect", "longer - arm")):
        named[name] = Interval(gap.diff[i], gap.low[i], gap.high[i])
    return named


def binned(made):
    """The entries of the arm's bins that have a value."""
    source = [
        Row(name=str(i), problem_id=str(c), source=str(s), id=str(i), question="", answer="")
        for i, (s, c) in enumerate(zip(made.of.source, made.of.cluster, strict=True))
    ]
    arm = made.arm
    numbers = {name: np.full(len(arm.row), np.nan) for name in NUMBERS}
    numbers |= {"hacc": arm.passed, "cut": arm.cut.astype(float), "reasoning_tokens": arm.tokens.copy()}
    state = np.where(arm.cut, "unclosed", np.where(arm.reasoned, "closed", "none"))
    count = len(arm.row)
    scored = ScoredSamples(
        arm.row, numbers, state, [[]] * count, None, np.zeros(count, bool), np.full(count, "")
    )
    return [
        {"metric": metric, **stratum._asdict(), **judged._asdict()}
        for metric, stratum, judged in length_bins.binned(RowSet.of(source), [scored], 6)
        if judged.value is not None
    ]


def bin_name(entry, place):
    if entry["source"] is not None:
        return "bins within source"
    if entry["to_tokens"] == 0:
        return "bin without reasoning"
    return f"bin {place}" if entry["kind"] == "equal_count" else "fixed bins"


class Truth:
    """What a study of endless size finds, by plain definition; the conditional logistic's is the planted one."""

    def __init__(self, world, population):
        made = study(np.random.default_rng(99), world, population)
        arm, finished = made.arm, judged(made.of, made.arm)
        x, y = np.log2(finished.tokens), finished.verdict
        rate = {name: getattr(made, name).passed.mean() for name in ("base", "arm", "longer")}
        doublings = np.log2(made.longer.tokens.mean() / arm.tokens.mean())
        self.value = {
            "rate of base": rate["base"],
            "rate of arm": rate["arm"],
            "arm - base": rate["arm"] - rate["base"],
            "no effect": 0.0,
            "longer - arm": rate["longer"] - rate["arm"],
            "pearson": np.corrcoef(x, y)[0, 1],
            "spearman": spearmanr(x, y)[0],
            "pooled": slope(x, y, np.zeros_like(finished.row)),
            "within_source": slope(x, y, finished.source),
            "within_prompt": slope(x, y, finished.row),
            "conditional_logistic": world.doubling,
            "intervention": (rate["longer"] - rate["arm"]) / doublings,
        }
        for part in attribute(outcomes(made.of, arm), outcomes(made.of, made.base)):
            self.value[f"part {part.part}"] = part.value
        self._bins = {None: (arm.tokens[~arm.cut], arm.passed[~arm.cut])}
        own = made.of.source[arm.row[~arm.cut]]
        for source in range(len(SOURCES)):
            self._bins[str(source)] = tuple(values[own == source] for values in self._bins[None])
        for source, (tokens, passed) in self._bins.items():
            order = np.argsort(tokens, kind="stable")
            self._bins[source] = tokens[order], np.concatenate([[0], np.cumsum(passed[order])])

    def of_bin(self, entry):
        tokens, passed = self._bins[entry["source"]]
        low, high = np.searchsorted(tokens, [entry["from_tokens"], entry["to_tokens"] + 1])
        return (passed[high] - passed[low]) / (high - low)


def slope(x, y, group):
    """Least squares with a constant for each group."""
    which, counts = np.unique(group, return_inverse=True, return_counts=True)[1:]
    x, y = (v - (np.bincount(which, v) / counts)[which] for v in (x, y))
    return x @ y / (x @ x)


class Coverage(NamedTuple):
    """Means over studies, and shares of intervals: that hold the truth, lie above or below it, leave zero out."""

    truth: float
    mean: float
    covered: float
    above: float
    below: float
    significant: float
    intervals: int


def coverage(worlds, studies, *, seed=0, population=POPULATION):
    """Coverage of every interval, by name, over as many studies of each world; `population` problems know the truth."""
    rng, seen = np.random.default_rng(seed), {}
    for number, world in enumerate(worlds):
        truth = Truth(world, population)
        for repeat in range(studies // len(worlds)):
            made = study(rng, world)
            draws = intervals.draw_clusters(PROBLEMS, resamples=RESAMPLES, seed=number * studies + repeat)
            for name, one in measured(made, draws).items():
                seen.setdefault(name, []).append((truth.value[name], *one))
            place = 0
            for entry in binned(made):
                place += entry["kind"] == "equal_count" and entry["source"] is None and entry["to_tokens"] > 0
                seen.setdefault(bin_name(entry, place), []).append(
                    (truth.of_bin(entry), entry["value"], entry["low"], entry["high"])
                )
    return {name: _summed(np.array(found, dtype=float)) for name, found in seen.items()}


def _summed(found):
    true, value, low, high = found[~np.isnan(found).any(axis=1)].T
    above, below = (low > true).mean(), (high < true).mean()
    significant = ((low > 0) | (high < 0)).mean()
    return Coverage(true.mean(), value.mean(), 1 - above - below, above, below, significant, len(true))


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--studies", type=int, default=4000, help="of each kind of world")
    studies = options.parse_args().studies
    for name, worlds in WORLDS.items():
        began = time.process_time()
        found = coverage(worlds, studies)
        print(f"{name}: {studies} studies in {time.process_time() - began:.0f} s")
        print(" " * 24 + "".join(f"{title:>12}" for title in Coverage._fields))
        for what, one in found.items():
            print(f"{what:24}" + "".join(f"{value:12.4f}" for value in one[:-1]) + f"{one.intervals:12}")
    for name, world in SEED_WORLDS.items():
        for seeds in COUNTS:
            print(
                f"{seeds} seeds {name}:".ljust(24) + "".join(f"{title:>12}" for title in SeedCoverage._fields)
            )
            for what, one in seed_coverage(world, seeds, studies).items():
                print(f"{what:24}" + "".join(f"{value:12.4f}" for value in one))
            for what, covered in effect_coverage(world, seeds, studies).items():
                print(f"{what:24}{covered:12.4f}")


if __name__ == "__main__":
    main()
