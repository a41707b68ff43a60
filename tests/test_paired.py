"""Flips between two arms and their tests, against counts by hand and against statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from reins.eval.stats.paired import Side, flips, holm, mcnemar, turned

ROWS = np.repeat(np.arange(5), 3)


def side(*passes):
    """Three samples a row, the first so many of each row passing."""
    return Side(np.concatenate([np.arange(3) < count for count in passes]).astype(float), ROWS)


def test_flips_by_hand():
    found = flips(side(3, 0, 2, 1, 1), side(2, 3, 1, 1, 0))
    assert (found.pass_pass, found.pass_fail, found.fail_pass, found.fail_fail) == (1, 1, 1, 2)
    assert (found.win, found.tie, found.lose) == (3, 1, 1)
    assert found.mcnemar_p == 1
    assert found.n == 5


def test_half_of_the_samples_is_not_a_pass_and_order_does_not_matter():
    rows = np.array([0, 0, 1, 1])
    half, whole = Side(np.array([1.0, 0.0, 1.0, 1.0]), rows), Side(np.ones(4), rows[::-1])
    found = flips(half, whole)
    assert (found.pass_pass, found.pass_fail) == (1, 1)
    assert found == flips(Side(half.values[::-1], half.rows[::-1]), whole)


def test_soft_values_in_another_order_tie():
    rows = np.zeros(3, dtype=int)
    found = flips(Side(np.array([0.1, 0.2, 0.3]), rows), Side(np.array([0.3, 0.2, 0.1]), rows))
    assert found.tie == 1


def test_only_prompts_known_on_both_sides_count():
    values, rows = np.array([1.0, np.nan, 0.0]), np.array([0, 1, 2])
    other = Side(np.array([1.0, 1.0]), np.array([1, 2]))
    found = flips(Side(values, rows), other)
    assert found.n == 1
    assert found.pass_fail == 1
    assert flips(Side(values[:2], rows[:2]), other) is None
    assert flips(Side(np.array([]), np.array([], dtype=int)), other) is None


def test_what_is_not_trained_stands_against_each_seed():
    rows = np.array([0, 1, 0, 1, 0, 1])
    arm = Side(np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0]), rows, np.array([0, 0, 1, 1, 2, 2]))
    base = Side(np.array([1.0, 0.0]), rows[:2])
    found = flips(arm, base)
    assert (found.pass_pass, found.pass_fail, found.fail_pass, found.fail_fail) == (2, 1, 1, 2)
    assert (found.n, found.mcnemar_p) == (6, None)
    assert flips(arm, arm).tie == 6
    assert turned(arm, base) == (1, 1, 6)


@pytest.mark.parametrize("lost, gained", [(3, 12), (0, 5), (40, 41), (7, 7)])
def test_mcnemar_is_the_exact_one(lost, gained):
    reference = reference_mcnemar([[100, lost], [gained, 50]], exact=True).pvalue
    assert mcnemar(lost, gained) == pytest.approx(reference)


def test_mcnemar_without_a_flip_says_nothing():
    assert mcnemar(0, 0) == 1


def test_holm_is_the_step_down_in_the_order_given():
    p = [0.04, 0.001, 0.03, 0.9, 0.03]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm([]) == []
    assert holm([0.02]) == [0.02]
