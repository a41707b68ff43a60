"""Whether keeping the constraints and getting the answer right go together: joint outcomes against independence.

MathIF's Figure 4 shows the four shares as evidence that they compete; under independence the first would be nearly
what it found. The excess over independence says which way it is, and by how much; samples that never end miss both,
and so add to it.
"""

from collections.abc import Sequence

import numpy as np

from ..score.measure import Cell, Entry, Measure, RowSet, resample, spread
from ..stats.intervals import Floats


def joint(row_set: RowSet, cells: Sequence[Cell], draws: Floats) -> Entry | None:
    """Shares of one arm's samples (its seeds' cells) that both constraints and answer are known of.

    `{both, hacc_only, correct_only, neither, expected_both, excess, low, high, n, clusters}`; the interval is that
    of the excess, both − P(hacc) · P(correct), over draws of problems. None where no sample has both.
    """
    hacc, correct = (np.concatenate([cell.numbers[one] for cell in cells]) for one in ("hacc", "correct"))
    clusters = np.concatenate([row_set.cluster[cell.row] for cell in cells])
    known = ~(np.isnan(hacc) | np.isnan(correct))
    if not known.any():
        return None
    hacc, correct, clusters = hacc[known], correct[known], clusters[known]
    outcomes = {"both": hacc * correct, "hacc": hacc, "correct": correct}
    sums = resample([Measure(name, None, values, clusters) for name, values in outcomes.items()], draws)
    both, kept, right = (float(values.mean()) for values in outcomes.values())
    low, high = spread(sums.resampled[0] - sums.resampled[1] * sums.resampled[2])
    return {
        "both": both,
        "hacc_only": kept - both,
        "correct_only": right - both,
        "neither": 1 - kept - right + both,
        "expected_both": kept * right,
        "excess": both - kept * right,
        "low": low,
        "high": high,
        "n": len(hacc),
        "clusters": len(np.unique(clusters)),
    }
