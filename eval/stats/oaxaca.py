"""How much of an arm's change goes with format, answer length, reasoning length and unfinished replies.

A linear probability model on the samples of both arms, with a fixed effect for every row and one for the arm: a
coefficient says how verdicts differ within one row and one arm. A part is the coefficient times the difference of
the arms' means (Oaxaca's decomposition, with the arm in the regression as Jann 2008 has it, so that what belongs
to the arm is not given to the parts). Association only: nobody set these lengths.
"""

from typing import NamedTuple

import numpy as np

from . import intervals
from .intervals import Flags, Floats, Ints, left_out

PARTS = ("format", "answer_length", "reasoning_length", "unfinished")
COLLINEAR = 1e-6  # smallest eigenvalue of scaled cross products that still tells columns apart


class Outcomes(NamedTuple):
    """All samples (n,) of one arm: verdict in 0 to 1, tokens, whether it reasoned, whether it has an end."""

    verdict: Floats
    answer_tokens: Floats
    reasoning_tokens: Floats
    reasoned: Flags
    finished: Flags
    row: Ints
    cluster: Ints


class Part(NamedTuple):
    """A part of the change; None where the samples cannot tell it from the arm itself, or it never varies."""

    part: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    n: int


def attribute(arm: Outcomes, against: Outcomes) -> list[Part]:
    """The parts of the change of the mean verdict on the rows of both, and the rest: they add up to the change.

    `format` is reasoning or not, at middling length; lengths are log2 of tokens and count in finished samples.
    Parts without a value are in the rest. Empty where no row has verdicts on both sides.
    """
    rows = np.intersect1d(arm.row[~np.isnan(arm.verdict)], against.row[~np.isnan(against.verdict)])
    if not len(rows):
        return []
    arm_samples, against_samples = (_of_rows(samples, rows) for samples in (arm, against))
    both = Outcomes._make(np.concatenate(pair) for pair in zip(arm_samples, against_samples, strict=True))
    is_arm = np.arange(len(both.row)) < len(arm_samples.row)
    columns = np.column_stack([is_arm, *_covariates(both)]).astype(float)
    cluster = np.unique(both.cluster, return_inverse=True)[1]
    change, *differences = (_moved(values, is_arm, cluster) for values in (both.verdict, *columns[:, 1:].T))
    known = _told_apart(_within(columns, both.row))
    slopes = _slopes(_within(columns[:, known], both.row), both, cluster)[1:]
    estimable = [i for i in range(len(PARTS)) if known[1 + i]]
    named = {PARTS[i]: slope * differences[i] for i, slope in zip(estimable, slopes, strict=True)}
    named["rest"] = change - sum(named.values())
    n = min(len(arm_samples.row), len(against_samples.row))
    return [_part(name, named.get(name, np.array([np.nan])), n) for name in (*PARTS, "rest")]


def _of_rows(samples: Outcomes, rows: Ints) -> Outcomes:
    kept = np.isin(samples.row, rows) & ~np.isnan(samples.verdict)
    return Outcomes._make(values[kept] for values in samples)


def _covariates(both: Outcomes) -> tuple[Floats, Floats, Floats, Floats]:
    """In the order of `PARTS`. Lengths are centred where they exist and zero elsewhere."""
    thought = both.reasoned & both.finished
    return (
        both.reasoned.astype(float),
        _centred_log(both.answer_tokens, both.finished),
        _centred_log(both.reasoning_tokens, thought),
        (~both.finished).astype(float),
    )


def _centred_log(tokens: Floats, exists: Flags) -> Floats:
    if np.isnan(tokens[exists]).any():  # a length that is not told goes with nothing
        return np.zeros_like(tokens)
    length = np.log2(np.maximum(np.nan_to_num(tokens), 1))
    return np.where(exists, length - (length[exists].mean() if exists.any() else 0), 0.0)


def _moved(values: Floats, is_arm: Flags, cluster: Ints) -> Floats:
    """The difference of the arms' means of values (n,), whole and without each cluster."""
    with np.errstate(invalid="ignore"):  # 0 / 0 where one cluster is all
        arm_mean, against_mean = (
            left_out(values * of_side, cluster) / left_out(of_side.astype(float), cluster)
            for of_side in (is_arm, ~is_arm)
        )
    return arm_mean - against_mean


def _within(columns: Floats, row: Ints) -> Floats:
    """Columns (n, m) less their means by row."""
    which, counts = np.unique(row, return_inverse=True, return_counts=True)[1:]
    return np.column_stack([column - (np.bincount(which, column) / counts)[which] for column in columns.T])


def _told_apart(within: Floats) -> Flags:
    """Which columns are no sum of others; the arm's own column, the first, always counts as one that is."""
    products = within.T @ within
    scale = np.sqrt(np.maximum(np.diag(products), COLLINEAR))
    values, vectors = np.linalg.eigh(products / np.outer(scale, scale))
    known: Flags = (np.abs(vectors[:, values < COLLINEAR]) < 1e-3).all(axis=1)
    known[0] = True
    return known


def _slopes(within: Floats, both: Outcomes, cluster: Ints) -> Floats:
    """Least squares, whole and without each cluster: (m, 1 + clusters), NaN where columns are not told apart."""
    verdict = _within(both.verdict[:, None], both.row)[:, 0]
    products = np.array([[left_out(a * b, cluster) for a in within.T] for b in within.T]).transpose(2, 0, 1)
    right = np.array([left_out(column * verdict, cluster) for column in within.T])
    solvable = np.linalg.eigvalsh(products)[:, 0] > COLLINEAR
    products[~solvable] = np.eye(within.shape[1])  # one singular matrix would raise for all of them
    return np.where(solvable, np.linalg.solve(products, right.T[..., None])[..., 0].T, np.nan)


def _part(name: str, estimates: Floats, n: int) -> Part:
    value, low, high, _ = intervals.jackknife(estimates)
    return Part(name, "association", value, low, high, n)
