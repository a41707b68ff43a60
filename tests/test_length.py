"""Reasoning length against verdict: against scipy and statsmodels, and where there is nothing to say."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from statsmodels.discrete.conditional_models import ConditionalLogit

from reins.eval.stats.length_slopes import ModeSamples, Samples, associations, intervention

ROWS, SAMPLES = 60, 4
METHODS = ("pearson", "spearman", "pooled", "within_source", "within_prompt", "conditional_logistic")


def confounded(rng, effect=-1.0):
    """Hard rows are long and failed; a doubling of a sample's own length adds `effect` log odds."""
    row = np.repeat(np.arange(ROWS), SAMPLES)
    hard = rng.normal(0, 1.2, ROWS)[row]
    own = rng.normal(0, 0.7, len(row))
    tokens = np.maximum(1, np.round(2 ** (6 + 0.8 * hard + own)))
    verdict = rng.random(len(row)) < 1 / (1 + np.exp(-(effect * own - 1.5 * hard)))
    return Samples(tokens, verdict.astype(float), row, row % 3, row)


def by_method(samples):
    return {one.method: one for one in associations(samples)}


def least_squares(samples, fixed):
    """The slope of log2 tokens beside one dummy for each value of `fixed`."""
    dummies = (fixed[:, None] == np.unique(fixed)).astype(float)
    columns = np.column_stack([np.log2(samples.tokens), dummies])
    return np.linalg.lstsq(columns, samples.verdict, rcond=None)[0][0]


def test_every_way_agrees_with_the_textbook_one():
    samples = confounded(np.random.default_rng(0))
    found, length = by_method(samples), np.log2(samples.tokens)
    assert tuple(found) == METHODS
    assert found["pearson"].value == pytest.approx(pearsonr(length, samples.verdict)[0])
    assert found["spearman"].value == pytest.approx(spearmanr(length, samples.verdict)[0])
    for method, fixed in (
        ("pooled", np.zeros_like(samples.row)),
        ("within_source", samples.source),
        ("within_prompt", samples.row),
    ):
        assert found[method].value == pytest.approx(least_squares(samples, fixed))


@pytest.mark.filterwarnings("ignore:Dropped")
def test_the_conditional_logistic_is_statsmodels_own_also_with_rows_of_unequal_size():
    whole = confounded(np.random.default_rng(1))
    kept = np.random.default_rng(2).random(len(whole.row)) < 0.7
    samples = Samples(*(values[kept] for values in whole))
    found = by_method(samples)["conditional_logistic"]
    model = ConditionalLogit(samples.verdict, np.log2(samples.tokens)[:, None], groups=samples.row)
    fitted = model.fit(disp=0)
    assert found.value == pytest.approx(fitted.params[0], abs=1e-3)
    assert (found.high - found.low) / 3.92 == pytest.approx(fitted.bse[0], rel=0.3)


def test_pooled_is_biased_by_difficulty_and_within_prompt_is_not():
    found = by_method(confounded(np.random.default_rng(3), effect=0.0))
    assert found["pooled"].high < -0.1
    for method in ("within_prompt", "conditional_logistic"):
        assert found[method].low < 0 < found[method].high
        assert found[method].p > 0.05


def test_intervals_are_those_of_leaving_each_problem_out():
    """Also the ranks of Spearman, to first order, and the fit of the conditional logistic, to one step."""
    samples = confounded(np.random.default_rng(4))
    left = [
        by_method(Samples(*(values[samples.cluster != one] for values in samples))) for one in range(ROWS)
    ]
    for method, found in by_method(samples).items():
        gaps = np.array([without[method].value - found.value for without in left])
        error = np.sqrt((ROWS - 1) / ROWS * (gaps**2).sum())
        assert found.value - found.low == pytest.approx(found.high - found.value)
        assert 1.96 < (found.high - found.value) / error < 2.3, method


def test_rows_without_variation_drop_out_and_n_says_so():
    tokens = np.array([8, 8, 8, 16, 8, 32, 8, 64], dtype=float)
    verdict = np.array([1, 0, 1, 1, 1, 0, 0, 1], dtype=float)
    row = np.repeat(np.arange(4), 2)
    found = by_method(Samples(tokens, verdict, row, row * 0, row))
    assert (found["pooled"].n, found["pooled"].clusters) == (8, 4)
    assert (found["within_prompt"].n, found["within_prompt"].clusters) == (6, 3)
    assert (found["conditional_logistic"].n, found["conditional_logistic"].clusters) == (4, 2)


def test_soft_verdicts_have_no_logistic():
    samples = confounded(np.random.default_rng(5))
    assert set(by_method(samples._replace(verdict=samples.verdict / 3))) == set(METHODS[:-1])


def test_null_verdicts_and_samples_without_reasoning_say_nothing():
    samples = confounded(np.random.default_rng(6))
    verdict, tokens = samples.verdict.copy(), samples.tokens.copy()
    verdict[::7], tokens[3::7] = np.nan, 0
    kept = ~np.isnan(verdict) & (tokens > 0)
    left = Samples(*(values[kept] for values in samples))
    assert by_method(samples._replace(verdict=verdict, tokens=tokens)) == by_method(left)


NOTHING = Samples(*(np.array([], dtype=kind) for kind in (float, float, int, int, int)))
EVEN = confounded(np.random.default_rng(7))


@pytest.mark.parametrize(
    "samples",
    [
        NOTHING,
        EVEN._replace(tokens=np.full(len(EVEN.row), 50.0)),
        EVEN._replace(verdict=np.ones(len(EVEN.row))),
        EVEN._replace(verdict=np.full(len(EVEN.row), np.nan)),
        Samples(*(values[:1] for values in EVEN)),
    ],
    ids=["no sample", "equal lengths", "equal verdicts", "no verdict", "one sample"],
)
def test_without_variation_every_way_says_nothing(samples):
    for one in associations(samples):
        assert (one.value, one.low, one.high, one.p) == (None, None, None, None), one.method


def test_one_cluster_has_values_and_no_interval():
    samples = EVEN._replace(cluster=np.zeros_like(EVEN.cluster))
    for one in associations(samples):
        assert one.value is not None
        assert (one.low, one.high, one.p, one.clusters) == (None, None, None, 1)


def test_where_longer_always_fails_the_logistic_has_no_estimate():
    row = np.repeat(np.arange(ROWS), 2)
    tokens, verdict = np.tile([10.0, 20.0], ROWS), np.tile([1.0, 0.0], ROWS)
    found = by_method(Samples(tokens, verdict, row, row * 0, row))
    assert found["conditional_logistic"].value is None
    assert found["within_prompt"].value == pytest.approx(-1)
    assert found["within_prompt"].low is None  # rows that all say the same show no spread


def modes(rng, doublings, loss):
    """The same rows thought about, and thought about `doublings` longer at a loss of `loss` a doubling."""
    row = np.repeat(np.arange(ROWS), SAMPLES)
    tokens = np.round(rng.lognormal(4, 0.3, len(row)))
    before, after = ((rng.random(len(row)) < rate).astype(float) for rate in (0.7, 0.7 - loss * doublings))
    longer = np.round(tokens * 2.0**doublings)
    return ModeSamples(longer, after, row, row), ModeSamples(tokens, before, row, row)


def test_an_intervention_finds_the_change_for_a_doubling():
    for doublings in (1.5, -1.5):
        found = intervention(*modes(np.random.default_rng(8), doublings, 0.2))
        assert found.low < -0.2 < found.high < 0
        assert found.p < 0.05
        assert (found.n, found.clusters) == (ROWS * SAMPLES, ROWS)


def test_an_intervention_that_moves_no_tokens_or_removes_them_says_nothing():
    under, think = modes(np.random.default_rng(9), 0.02, 0.0)
    nowhere = ModeSamples(*(values[:0] for values in think))
    for side in (under, under._replace(tokens=think.tokens * 0), nowhere):
        found = intervention(side, think)
        assert (found.value, found.low, found.high, found.p) == (None, None, None, None)


def test_an_intervention_is_measured_on_the_rows_of_both():
    under, think = modes(np.random.default_rng(10), 1.0, 0.2)
    half = under.row < ROWS // 2
    fewer = ModeSamples(*(values[half] for values in under))
    theirs = ModeSamples(*(values[half] for values in think))
    assert intervention(fewer, think) == intervention(fewer, theirs)


def test_what_a_mode_loses_by_cutting_is_told_from_what_it_loses_by_length():
    under, think = modes(np.random.default_rng(11), 1.0, 0.0)
    cut = np.random.default_rng(12).random(len(under.row)) < 0.3
    fails = under._replace(verdict=under.verdict * ~cut)
    assert intervention(fails, think).high < 0
    finished = ModeSamples(*(values[~cut] for values in fails))
    found = intervention(finished, think, method="intervention_finished")
    assert found.low < 0 < found.high
    assert "left out" in found.controls


def test_a_mode_that_ends_fewer_samples_of_hard_rows_gains_nothing_by_it():
    rng = np.random.default_rng(13)
    row = np.repeat(np.arange(ROWS), SAMPLES)
    hard = row % 2 == 1
    verdict = (~hard).astype(float)
    ended = ~hard | (rng.random(len(row)) < 0.5)
    think = ModeSamples(rng.lognormal(4, 0.3, len(row)), verdict, row, row)
    under = ModeSamples(*(values[ended] for values in think._replace(tokens=2 * think.tokens)))
    found = intervention(under, think, method="intervention_finished")
    assert found.value == pytest.approx(0, abs=1e-12)
