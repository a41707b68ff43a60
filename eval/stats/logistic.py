"""Logistic regression with what every observation adds to each coefficient, so that clusters and seeds can be summed.

Newton's method on a likelihood with a ridge so small that no estimate feels it but one that has none: that of a column
whose outcomes are all alike.
"""

from dataclasses import dataclass

import numpy as np

from .intervals import Flags, Floats

RIDGE = 1e-3
STEPS, ENOUGH = 50, 1e-9  # Newton's, and the change of a coefficient at which they end


@dataclass(frozen=True)
class Logistic:
    """Coefficients (p,) in log-odds, and what each observation adds to their deviation from the truth: (n, p)."""

    coefficients: Floats
    added: Floats


def fit(design: Floats, outcomes: Flags) -> Logistic | None:
    """Of outcomes (n,) on columns (n, p); None where the columns do not tell the coefficients apart."""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    ridge = RIDGE * np.eye(design.shape[1])
    coefficients = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-design @ coefficients))
        curved = design.T @ (design * (chance * (1 - chance))[:, None]) + ridge
        step = np.linalg.solve(curved, design.T @ (outcomes - chance) - ridge @ coefficients)
        coefficients = coefficients + step
        if np.abs(step).max() < ENOUGH:
            break
    added = np.linalg.solve(curved, (design * (outcomes - chance)[:, None]).T).T
    return Logistic(coefficients, np.asarray(added))
