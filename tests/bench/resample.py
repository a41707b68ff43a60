"""Seconds to resample 12 arms × 420 rows × 4 samples 10,000 times, every figure and every contrast with the first arm.

python tests/bench/resample.py [--arms 12] [--rows 420] [--samples 4]
"""

import argparse
import resource
import time

import numpy as np

from reins.eval.score.estimates import estimates, resample
from reins.eval.score.measure import NUMBERS, RowSet, ScoredSamples, measures
from reins.eval.stats import intervals
from reins.eval.verify import TYPES, Constraint, Row


def scored(arms, rows, samples):
    """A set of one to three constraints a row from five sources, and the scores of each arm on it."""
    rng, types = np.random.default_rng(0), sorted(TYPES)
    names = [[types[i] for i in rng.choice(len(types), 1 + row % 3, replace=False)] for row in range(rows)]
    row_set = RowSet.of(
        [
            Row(f"r{i}", f"p{i}", f"s{i % 5}", str(i), "", "", [Constraint(name, {}) for name in asked])
            for i, asked in enumerate(names)
        ]
    )
    row = np.repeat(np.arange(rows), samples)
    cells = []
    for _ in range(arms):
        numbers = {name: rng.random(len(row)).round() for name in NUMBERS}
        verdicts = [rng.random(len(names[i])) < 0.6 for i in row]
        cells.append(
            ScoredSamples(
                row,
                numbers,
                np.full(len(row), "closed"),
                [v.tolist() for v in verdicts],
                None,
                np.zeros(len(row), bool),
                np.full(len(row), ""),
            )
        )
    return row_set, cells


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("arms", 12), ("rows", 420), ("samples", 4)):
        options.add_argument(f"--{name}", type=int, default=value)
    given = options.parse_args()
    row_set, cells = scored(given.arms, given.rows, given.samples)
    found = [list(measures(row_set, cell)) for cell in cells]
    each, everything = len(found[0]), [one for own in found for one in own]
    began = time.perf_counter()
    draws = intervals.draw_clusters(row_set.clusters)
    drawn = time.perf_counter()
    sums = resample(everything, draws)
    resampled = time.perf_counter()
    estimates(everything, sums)
    estimated = time.perf_counter()
    pairs = np.array([(arm * each + i, i) for arm in range(1, given.arms) for i in range(each)])
    intervals.differences(*sums, pairs, rates=np.array([everything[i].is_rate for i, _ in pairs]))
    compared = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(everything)} figures and {len(pairs)} contrasts, {intervals.RESAMPLES:,} resamples of {len(draws)} problems"
    )
    print(
        f"draw {drawn - began:.2f} s, resample {resampled - drawn:.2f} s, intervals {estimated - resampled:.2f} s,"
    )
    print(f"contrasts {compared - estimated:.2f} s: {compared - began:.2f} s in all, {peak:.1f} GiB at most")


if __name__ == "__main__":
    main()
