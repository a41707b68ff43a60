"""What k samples of a prompt hold: whether the best of them passes, and whether all do, without bias.

A prompt that c of n samples passed: of all ways to take k of the n, the share in which one passes, and in which all
do (hypergeometric; the first as in Chen et al. 2021, arXiv 2107.03374). For k = 1 both are the mean.
"""

import numpy as np

from .intervals import Floats, Ints


def best_and_all(passed: Ints, samples: Ints, k: int) -> tuple[Floats, Floats]:
    """Per prompt, from its passed and all samples (prompts,): the chance that one of k passes, and that all k do.

    NaN for prompts of fewer than k samples.
    """
    drawn = np.arange(k)[:, None]
    left = np.where(samples >= k, samples, np.nan) - drawn
    none_passes = (np.maximum(samples - passed - drawn, 0) / left).prod(axis=0)
    all_pass: Floats = (np.maximum(passed - drawn, 0) / left).prod(axis=0)
    return 1 - none_passes, all_pass
