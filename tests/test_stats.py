"""The statistics on data whose truth is known."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.proportion import proportion_confint

from reins.eval.stats import intervals


def binary_study(rng, rate, problems=60, samples=2, spread=1.5):
    """Samples of problems that differ in difficulty: values (n,), clusters (n,)."""
    easiness = rng.normal(np.log(rate / (1 - rate)), spread, problems)
    clusters = np.repeat(np.arange(problems), samples)
    return (rng.random(len(clusters)) < 1 / (1 + np.exp(-easiness[clusters]))).astype(float), clusters


def true_rate(rate, spread=1.5):
    draws = np.random.default_rng(9).normal(np.log(rate / (1 - rate)), spread, 400_000)
    return float((1 / (1 + np.exp(-draws))).mean())


def sums(values, clusters, count):
    return np.bincount(clusters, values, count)[None], np.bincount(clusters, minlength=count).astype(float)[
        None
    ]


def test_draws_keep_the_number_of_clusters_and_repeat_from_their_seed():
    draws = intervals.draw_clusters(7, resamples=50)
    assert draws.shape == (7, 50)
    assert (draws.sum(axis=0) == 7).all()
    assert (draws == intervals.draw_clusters(7, resamples=50)).all()
    assert (draws != intervals.draw_clusters(7, resamples=50, seed=1)).any()


def test_the_whole_set_interval_is_the_clustered_one():
    """Four equal copies of each sample add no information: the interval must not shrink."""
    rng = np.random.default_rng(0)
    values, clusters = binary_study(rng, 0.5, problems=300, samples=1)
    draws = intervals.draw_clusters(300, resamples=4000)
    once = intervals.percentile_interval(intervals.ratios(*sums(values, clusters, 300), draws))
    copies = intervals.percentile_interval(
        intervals.ratios(*sums(np.repeat(values, 4), np.repeat(clusters, 4), 300), draws)
    )
    assert np.allclose(once, copies)
    assert 0.10 < (once[1] - once[0])[0] < 0.13  # 2 × 1.96 × sqrt(p (1 - p) / 300)


def test_a_group_of_few_clusters_gives_no_nan():
    num, den = np.zeros((1, 50)), np.zeros((1, 50))
    num[0, :3], den[0, :3] = [1, 0, 1], 1
    resampled = intervals.ratios(num, den, intervals.draw_clusters(50, resamples=500))
    assert np.isnan(resampled).any()
    low, high = intervals.percentile_interval(resampled)
    assert (low[0], high[0]) == (0.0, 1.0)


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.95])
def test_wilson_covers_near_the_edges_where_the_bootstrap_does_not(rate):
    rng = np.random.default_rng(1)
    truth, covered = true_rate(rate), 0
    for _ in range(400):
        low, high = intervals.wilson(*binary_study(rng, rate))
        covered += low <= truth <= high
    assert 0.92 <= covered / 400 <= 0.985


def test_wilson_is_the_published_interval_for_independent_samples():
    values = np.repeat([0.0, 1.0], [70, 30])
    size = intervals.effective_size(values, np.arange(100))
    assert intervals.wilson(values, np.arange(100)) == pytest.approx(
        proportion_confint(0.3 * size, size, method="wilson"), abs=1e-6
    )


def test_a_single_success_leaves_room_below():
    """Wilson's own end, 0.0018 here, is above one in six true rates that give one success."""
    low, _ = intervals.wilson(np.eye(100)[0], np.arange(100))
    assert low == pytest.approx(-np.log(0.95) / 100, rel=0.1)
    _, high = intervals.wilson(1 - np.eye(100)[0], np.arange(100))
    assert 1 - high == pytest.approx(low)


def test_an_interval_at_zero_has_width():
    low, high = intervals.wilson(np.zeros(60), np.arange(60) // 2)
    assert low == pytest.approx(0, abs=1e-12)
    assert 0.10 < high < 0.12  # Wilson with the 30 clusters as n


def test_dependent_samples_count_less_and_never_more_than_independent_ones():
    values = np.repeat([0.0, 1.0, 1.0, 0.0], 25)
    assert intervals.effective_size(values, np.repeat(np.arange(20), 5)) < 25
    assert intervals.effective_size(values, np.arange(100)) == pytest.approx(100, rel=0.02)


def paired(rng, effect, problems=150):
    """Two arms on the same problems, the second better by `effect` in log odds: num, den (2, problems)."""
    easiness = rng.normal(0, 1.5, problems)
    rates = 1 / (1 + np.exp(-np.stack([easiness, easiness + effect])))
    return rng.binomial(2, rates).astype(float), np.full((2, problems), 2.0)


def compare(arms, draws):
    resampled = intervals.ratios(*arms, draws)
    return intervals.differences(*arms, resampled, np.array([[1, 0]]), rates=np.array([True]))


def test_paired_differences_cover_a_planted_effect_and_call_nothing_significant_too_often():
    rng = np.random.default_rng(2)
    draws = intervals.draw_clusters(150, resamples=1000)
    totals = paired(np.random.default_rng(3), 0.5, problems=1_000_000)[0].mean(axis=1) / 2
    truth = totals[1] - totals[0]
    covered = false_alarms = 0
    for _ in range(400):
        planted = compare(paired(rng, 0.5), draws)
        covered += planted.low[0] <= truth <= planted.high[0]
        false_alarms += compare(paired(rng, 0.0), draws).p[0] < 0.05
    assert 0.92 <= covered / 400 <= 0.975
    assert 0.02 <= false_alarms / 400 <= 0.08


def test_p_and_interval_agree():
    rng = np.random.default_rng(4)
    draws = intervals.draw_clusters(150, resamples=1000)
    for effect in np.linspace(0, 0.6, 40):
        found = compare(paired(rng, effect), draws)
        assert (found.p[0] < 0.05) == (found.low[0] > 0 or found.high[0] < 0)


def test_pairing_is_worth_something():
    arms, draws = paired(np.random.default_rng(5), 0.3), intervals.draw_clusters(150, resamples=2000)
    alone = intervals.ratios(*arms, draws).std(axis=1)
    assert compare(arms, draws).mdd[0] / 2.80 < 0.9 * np.hypot(*alone)


def test_a_difference_lies_in_its_interval_where_problems_have_unlike_numbers_of_rows():
    sizes = np.repeat([6.0, 1.0], [30, 170])
    held = np.where(np.arange(200) < 9, 0.0, sizes)
    found = compare(
        (np.stack([sizes, held]), np.stack([sizes, sizes])), intervals.draw_clusters(200, resamples=500)
    )
    assert found.diff[0] == pytest.approx(-54 / 350)
    assert found.low[0] < found.low_90[0] < found.diff[0] < found.high_90[0] < found.high[0] < 0


def test_arms_that_always_pass_on_unlike_numbers_of_samples_are_not_known_to_be_equal():
    few, many = np.tile([2.0, 3.0, 4.0, 3.0], 25), np.full(100, 4.0)
    found = compare(
        (np.stack([few, many]), np.stack([few, many])), intervals.draw_clusters(100, resamples=500)
    )
    assert found.diff[0] == 0 and found.low[0] < -0.01 and found.high[0] > 0.01 and found.mdd[0] > 0.01


@pytest.mark.parametrize("problems, sizes", [(4, [2.0]), (20, [2.0]), (20, [2.0, 6.0]), (300, [1.0])])
@pytest.mark.parametrize("from_, to", [(1.0, 0.0), (0.0, 0.5)])
def test_problems_that_all_change_alike_leave_room_for_one_that_does_not(problems, sizes, from_, to):
    den = np.tile(np.resize(sizes, problems), (2, 1))
    found = compare((np.array([[from_], [to]]) * den, den), intervals.draw_clusters(problems, resamples=200))
    assert -1 <= found.low[0] < found.high[0] <= 1 and found.mdd[0] > 0
    assert found.low[0] <= found.low_90[0] <= found.diff[0] <= found.high_90[0] <= found.high[0]
    assert found.high[0] - found.low[0] < 15 / problems


@pytest.mark.parametrize(
    "problems, rates, samples", [(20, (0.97, 0.03), 2), (40, (0.99, 0.02), 1), (150, (1, 0.02), 1)]
)
def test_differences_near_one_are_covered(problems, rates, samples):
    rng, covered = np.random.default_rng(10), 0
    draws, den = intervals.draw_clusters(problems, resamples=200), np.full((2, problems), float(samples))
    for _ in range(400):
        passed = rng.binomial(samples, np.array(rates)[:, None], den.shape).astype(float)
        found = compare((passed, den), draws)
        covered += found.low[0] <= rates[1] - rates[0] <= found.high[0]
    assert covered / 400 >= 0.93


def test_equal_arms_have_an_interval_with_width_and_no_significance():
    arms = np.tile([[0.0, 2.0]], (2, 20)), np.full((2, 40), 2.0)
    found = compare(arms, intervals.draw_clusters(40, resamples=500))
    assert found.diff[0] == 0
    assert found.low[0] < 0 < found.high[0]
    assert found.p[0] == pytest.approx(1)
    assert found.mdd[0] > 0


def test_the_jackknife_of_a_mean_is_students_t():
    values = np.random.default_rng(7).normal(1, 2, 30)
    sums, counts = (intervals.left_out(v, np.arange(30)) for v in (values, np.ones(30)))
    found, reference = intervals.jackknife(sums / counts), ttest_1samp(values, 0)
    assert found.value == pytest.approx(values.mean())
    error = values.std(ddof=1) / np.sqrt(30)
    assert 1.96 * error < found.high - found.value < 2.2 * error
    assert found.p == pytest.approx(reference.pvalue, rel=0.5)
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_an_estimate_that_rests_on_one_of_many_clusters_has_a_far_wider_interval():
    left = np.array([1.0, *np.ones(50), 0.5])
    error = 0.5 * np.sqrt(50 / 51)
    assert intervals.jackknife(left).high - 1 > 2 * 1.96 * error


@pytest.mark.parametrize("left", [[np.nan, 1.0, 1.0], [0.5, 0.5], [0.5, np.nan, 0.4], [0.5, 0.5, 0.5]])
def test_an_estimate_without_spread_or_clusters_has_no_interval(left):
    found = intervals.jackknife(np.array(left))
    assert found.value == (None if np.isnan(left[0]) else 0.5)
    assert found[1:] == (None, None, None)


def test_rounding_does_not_decide_on_which_side_of_zero_a_resample_falls():
    num, den = np.array([[3.0, 7.0], [3.0, 7.0]]), np.full((2, 2), 10.0)
    resampled = np.full((2, 1000), 0.5)
    resampled[0] += 1e-15 * np.resize([1, 2, 3], 1000)
    found = intervals.differences(num, den, resampled, np.array([[0, 1]]), rates=np.array([False]))
    assert found.p[0] == 1.0


@pytest.mark.filterwarnings("error")
def test_shares_that_are_all_alike_are_not_near_an_edge():
    assert not intervals.near_edge(np.full(12, 0.5), np.arange(12))
