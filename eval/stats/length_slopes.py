"""Reasoning length against verdict, several ways side by side, because each holds something else fixed.

Within one arm length goes with difficulty, so pooled figures mix what length does with what long problems are
like. Sources, and better the row itself, hold difficulty fixed; only a mode that sets the length says what a
change of length does. Lengths are log2 of tokens: a slope is the change for every doubling.

Intervals: jackknife over clusters (problems), from sums by cluster. The percentile bootstrap, tried first, covers
0.89 to 0.93 for slopes where few samples pass or few fail (`tests/simulation.py`).
"""

from typing import NamedTuple

import numpy as np

from . import intervals
from .intervals import Flags, Floats, Ints, left_out

FLAT = 1e-9  # a sum of squares below this is rounding, not variation
MOVED = 0.1  # doublings that the interval of a mode's change of length has to keep from zero
NEWTON_STEPS = 30

PROMPT = "the prompt: its own samples are compared"


class Method(NamedTuple):
    """What a way to put length and verdict in one number holds fixed, and its unit; `label` heads it in a table."""

    controls: str
    unit: str
    label: str


METHODS = {
    "pearson": Method("nothing", "r", "Pearson"),
    "spearman": Method("nothing", "rho", "Spearman"),
    "pooled": Method("nothing", "per doubling", "pooled"),
    "within_source": Method("the source of the problems", "per doubling", "within source"),
    "within_prompt": Method(PROMPT, "per doubling", "within prompt"),
    "conditional_logistic": Method(PROMPT, "log-odds per doubling", "conditional logistic"),
    "intervention": Method(
        "prompts and model: the mode sets the length; a cut sample fails", "per doubling", "intervention"
    ),
    "intervention_finished": Method(
        "prompts and model, but samples that either mode cuts are left out",
        "per doubling",
        "intervention, finished only",
    ),
}


class Samples(NamedTuple):
    """Finished samples that reasoned (n,): tokens of reasoning, verdict in 0 to 1, numbers of row, source, cluster.

    `row` is what `within_prompt` holds fixed: with seeds pooled, each row and seed has a number of its own.
    """

    tokens: Floats
    verdict: Floats
    row: Ints
    source: Ints
    cluster: Ints


class ModeSamples(NamedTuple):
    """All samples (n,) of one mode, the cut ones too: whom a mode cuts is part of what it does.

    `row` is what both modes have in common: with seeds pooled, each row and seed has a number of its own.
    """

    tokens: Floats
    verdict: Floats
    row: Ints
    cluster: Ints


class Slope(NamedTuple):
    """One way to put length and verdict in one number; None where the samples do not know it.

    n counts the samples that the estimate rests on, and clusters theirs.
    """

    method: str
    controls: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    clusters: int


def associations(samples: Samples) -> list[Slope]:
    """Every method but `intervention`, the conditional logistic only for verdicts of 0 and 1.

    NaN verdicts and samples without a token are left out.
    """
    known = ~np.isnan(samples.verdict) & (samples.tokens >= 1)
    x, y = np.log2(samples.tokens[known]), samples.verdict[known]
    moves = len(y) > 0 and (y != y[0]).any()  # verdicts that never differ go with no length
    x = x - x.mean() if moves else np.zeros_like(x)
    row, source, cluster = (
        np.unique(labels[known], return_inverse=True)[1]
        for labels in (samples.row, samples.source, samples.cluster)
    )
    alike = np.zeros_like(row)
    estimated = {
        "pearson": _correlation(*_centred(x, y, alike, cluster)),
        "spearman": _spearman(x, y, cluster),
        "pooled": _ratio(*_centred(x, y, alike, cluster)[:2]),
        "within_source": _ratio(*_centred(x, y, source, cluster)[:2]),
    }
    slopes = [_slope(method, estimates, cluster) for method, estimates in estimated.items()]
    differ = _varies(x, row)
    within = _sums(_demeaned(x, row), _demeaned(y, row), cluster)
    slopes.append(_slope("within_prompt", _ratio(*within[:2]), cluster[differ]))
    if len(y) and np.isin(y, (0, 1)).all():
        differ &= _varies(y, row)
        estimates = _conditional_logistic(x[differ], y[differ], row[differ], cluster[differ])
        slopes.append(_slope("conditional_logistic", estimates, cluster[differ]))
    return slopes


def intervention(under: ModeSamples, think: ModeSamples, *, method: str = "intervention") -> Slope:
    """Change of the mean verdict for every doubling of the mean reasoning tokens that a mode brings.

    On the rows that both sides have, each of which counts once on both. None unless the interval of the change of length
    keeps `MOVED` doublings away from zero, for then the ratio means nothing. Given finished samples only, `method` is
    `intervention_finished`: what is lost by being cut is taken off, at the price that of a row the modes no longer keep
    the same samples.
    """
    known = [_known(samples) for samples in (under, think)]
    rows = np.intersect1d(known[0].row, known[1].row)
    kept = [_at(samples, np.isin(samples.row, rows)) for samples in known]
    cluster = np.unique(_row_means(kept[0]).cluster, return_inverse=True)[1]
    verdicts, tokens = zip(*(_left_out_means(_row_means(samples), cluster) for samples in kept), strict=True)
    doublings = np.log2(_ratio(tokens[0], np.where(tokens[0] > 0, tokens[1], 0)))
    estimates = _ratio((verdicts[0] - verdicts[1]) * np.sign(doublings), np.abs(doublings))
    moved = intervals.jackknife(doublings)
    low = doublings[0] if moved.low is None else moved.low
    high = doublings[0] if moved.high is None else moved.high
    if not (low > MOVED or high < -MOVED):
        estimates = np.full_like(estimates, np.nan)
    return _slope(method, estimates, min(kept, key=lambda samples: len(samples.row)).cluster)


def _known(samples: ModeSamples) -> ModeSamples:
    return _at(samples, ~np.isnan(samples.verdict) & ~np.isnan(samples.tokens))


def _at(samples: ModeSamples, chosen: Flags) -> ModeSamples:
    tokens, verdict, row, cluster = samples
    return ModeSamples(tokens[chosen], verdict[chosen], row[chosen], cluster[chosen])


def _row_means(samples: ModeSamples) -> ModeSamples:
    """The mean of each row's samples, in the order of the rows: a mode that ends fewer samples of hard rows than of easy
    ones would seem the better for it."""
    row, first, which = np.unique(samples.row, return_index=True, return_inverse=True)
    tokens, verdict = (
        np.bincount(which, values) / np.bincount(which) for values in (samples.tokens, samples.verdict)
    )
    return ModeSamples(tokens, verdict, row, samples.cluster[first])


def _left_out_means(samples: ModeSamples, cluster: Ints) -> tuple[Floats, Floats]:
    """Of verdicts and tokens, whole and without each of the clusters, which are numbered from 0."""
    count = left_out(np.ones(len(cluster)), cluster)
    verdict, tokens = (left_out(values, cluster) for values in (samples.verdict, samples.tokens))
    return _ratio(verdict, count), _ratio(tokens, count)


def _slope(method: str, estimates: Floats, cluster: Ints) -> Slope:
    """From an estimate and those without each cluster (1 + clusters,), on samples of these clusters."""
    estimate = intervals.jackknife(estimates)
    return Slope(method, *METHODS[method][:2], *estimate, n=len(cluster), clusters=len(np.unique(cluster)))


def _sums(x: Floats, y: Floats, cluster: Ints) -> tuple[Floats, Floats, Floats]:
    """Sums of xy, xx and yy, each whole and without each cluster."""
    return (
        left_out(x * y, cluster),
        left_out(x * x, cluster),
        left_out(y * y, cluster),
    )


def _centred(x: Floats, y: Floats, group: Ints, cluster: Ints) -> tuple[Floats, Floats, Floats]:
    """The same sums about the means of each group, which leave the cluster out, too."""
    xy, xx, yy = _sums(x, y, cluster)
    for number in np.unique(group):
        chosen = group == number
        count = np.maximum(left_out(chosen * 1.0, cluster), 1)
        xs, ys = left_out(x * chosen, cluster), left_out(y * chosen, cluster)
        xy, xx, yy = xy - xs * ys / count, xx - xs * xs / count, yy - ys * ys / count
    return xy, xx, yy


def _ratio(top: Floats, under: Floats) -> Floats:
    return np.divide(top, under, out=np.full_like(top, np.nan), where=under > FLAT)


def _correlation(xy: Floats, xx: Floats, yy: Floats) -> Floats:
    return _ratio(xy, np.sqrt(np.maximum(xx, 0) * np.maximum(yy, 0)))


def _spearman(x: Floats, y: Floats, cluster: Ints) -> Floats:
    """Of mid-ranks; what leaving samples out does to the others' ranks counts to first order."""
    if not len(x):
        return np.array([np.nan])
    total = left_out(np.ones(len(x)), cluster)
    u, v = _centred_ranks(x), _centred_ranks(y)

    def moment(a: Floats, b: Floats, of_a: Floats, of_b: Floats) -> Floats:
        mean = (a * b).mean()
        influence = a * b + _above(of_a, b) + _above(of_b, a) - 3 * mean
        summed: Floats = mean * total + left_out(influence, cluster)
        return summed

    uu, vv = moment(u, u, x, x), moment(v, v, y, y)
    return _correlation(moment(u, v, x, y), uu, vv)


def _centred_ranks(values: Floats) -> Floats:
    """Shares of samples below, ties counted half, less one half."""
    which, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    return ((np.cumsum(counts) - counts / 2) / len(values) - 0.5)[which]


def _above(values: Floats, other: Floats) -> Floats:
    """For each sample the mean of `other`, zero where its value is not greater, half where it is equal."""
    distinct, which = np.unique(values, return_inverse=True)
    sums = np.bincount(which, other, len(distinct))
    above: Floats = ((sums.sum() - np.cumsum(sums) + sums / 2) / len(values))[which]
    return above


def _varies(values: Floats, row: Ints) -> Flags:
    """Whether a sample's row has samples of different values."""
    count = row.max() + 1 if len(row) else 0
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, row, values)
    np.maximum.at(high, row, values)
    return (low < high)[row]


def _demeaned(values: Floats, row: Ints) -> Floats:
    return values - (np.bincount(row, values) / np.maximum(np.bincount(row), 1))[row]


def _conditional_logistic(x: Floats, y: Floats, row: Ints, cluster: Ints) -> Floats:
    """Chamberlain's fixed-effects logit; without a cluster it is one Newton step away from the estimate.

    Written out, because statsmodels takes 0.04 to 0.16 s for one fit, a hundred times as long, and has no
    clusters. NaN where longer samples always pass, or always fail: the estimate is infinite.
    """
    if not len(x):
        return np.array([np.nan])
    slope, row, cluster = 0.0, *(np.unique(labels, return_inverse=True)[1] for labels in (row, cluster))
    x = _demeaned(x, row)
    unit = x.std()  # in its units the step limit and the tolerance below hold at any scale
    for _ in range(NEWTON_STEPS):
        score, information = _conditional_terms(x / unit, y, row, slope)
        step = score.sum() / information.sum()
        slope += float(np.clip(step, -1, 1))  # far from the solution a whole Newton step overshoots
        if abs(step) < 1e-9:
            cluster_of_row = cluster[np.unique(row, return_index=True)[1]]
            steps = _ratio(left_out(score, cluster_of_row), left_out(information, cluster_of_row))
            estimates: Floats = (slope + steps) / unit
            return estimates
    return np.array([np.nan])


def _conditional_terms(x: Floats, y: Floats, row: Ints, slope: float) -> tuple[Floats, Floats]:
    """Score and information of each row (in order of number), given how many of its samples pass.

    Sums over all ways to choose who passes, and their derivatives in the slope, grow sample by sample.
    """
    which, sizes = np.unique(row, return_inverse=True, return_counts=True)[1:]
    order = np.argsort(which, kind="stable")
    positions = np.empty(len(x), dtype=np.intp)
    positions[order] = np.arange(len(x)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    passes = np.bincount(which, y).astype(np.intp)
    ways = np.zeros((3, passes.max() + 1, len(sizes)))  # derivative, how many pass, row
    ways[0, 0] = 1
    for position in range(sizes.max()):
        chosen = np.flatnonzero(positions == position)
        rows, length = which[chosen], x[chosen]
        before = ways[:, :-1, rows]
        odds = np.exp(slope * length)
        ways[0, 1:, rows] += (odds * before[0]).T
        ways[1, 1:, rows] += (odds * (before[1] + length * before[0])).T
        ways[2, 1:, rows] += (odds * (before[2] + 2 * length * before[1] + length**2 * before[0])).T
    whole, first, second = ways[:, passes, np.arange(len(sizes))]
    mean = first / whole
    return np.bincount(which, x * y) - mean, second / whole - mean**2
