"""What an arm's change goes with: planted parts are found, parts add up, and what cannot be told apart is not told."""

import numpy as np
import pytest

from reins.eval.stats.oaxaca import PARTS, Outcomes, attribute

ROWS, SAMPLES = 200, 4


def arm(rng, *, reasons, answer=6.0, thought=7.0, cut=0.0, own=0.0):
    """Verdicts in 0 to 1 that lose 0.2 by reasoning, 0.1 by each doubling of either length, and all if cut."""
    row = np.repeat(np.arange(ROWS), SAMPLES)
    reasoned, finished = rng.random(len(row)) < reasons, rng.random(len(row)) >= cut
    answers, thoughts = rng.normal(answer, 0.5, len(row)), rng.normal(thought, 0.5, len(row))
    likely = 0.6 + own - 0.2 * reasoned - 0.1 * (answers - 6) - 0.1 * (thoughts - 7) * reasoned
    easy = np.random.default_rng(1).normal(0, 0.1, ROWS)[row]
    verdict = (rng.random(len(row)) < likely + easy) & finished
    return Outcomes(
        verdict.astype(float), 2**answers, np.where(reasoned, 2**thoughts, 0), reasoned, finished, row, row
    )


def by_part(one, other):
    return {part.part: part for part in attribute(one, other)}


def test_planted_parts_are_within_their_intervals():
    rng = np.random.default_rng(0)
    base = arm(rng, reasons=0.3)
    found = by_part(arm(rng, reasons=0.9, answer=6.8, thought=7.6, cut=0.1, own=0.1), base)
    # centred at the mean length of both arms, which three quarters of the thoughts being the arm's put at 7.45
    planted = {"format": -0.2 * 0.6 - 0.1 * 0.45 * 0.6, "answer_length": -0.08, "reasoning_length": -0.03}
    for part, value in planted.items():
        assert found[part].low < value * 0.95 < found[part].high, part
    assert found["unfinished"].value == pytest.approx(-0.1 * 0.5, abs=0.03)
    assert found["rest"].low < 0.1 < found["rest"].high


def test_the_parts_add_up_to_the_change():
    rng = np.random.default_rng(2)
    one, other = arm(rng, reasons=0.8, answer=7.0), arm(rng, reasons=0.4, cut=0.05)
    found = by_part(one, other)
    assert tuple(found) == (*PARTS, "rest")
    assert sum(part.value for part in found.values()) == pytest.approx(change(one, other))
    assert {part.kind for part in found.values()} == {"association"}


def change(one, other):
    return one.verdict.mean() - other.verdict.mean()


def test_format_that_all_of_an_arm_has_is_not_told_from_the_arm():
    rng = np.random.default_rng(3)
    one, other = arm(rng, reasons=1.0, answer=6.5), arm(rng, reasons=0.0)
    found = by_part(one, other)
    assert found["format"][2:5] == (None, None, None)
    assert found["unfinished"].value is None
    assert found["answer_length"].value < 0
    known = (found[part].value for part in ("answer_length", "reasoning_length", "rest"))
    assert sum(known) == pytest.approx(change(one, other))


def test_only_rows_of_both_with_a_verdict_count():
    rng = np.random.default_rng(4)
    one, other = arm(rng, reasons=0.8), arm(rng, reasons=0.5)
    unknown = other._replace(verdict=np.where(other.row < 50, np.nan, other.verdict))
    fewer = Outcomes(*(values[other.row >= 50] for values in other))
    assert attribute(one, unknown) == attribute(one, fewer)
    assert by_part(one, fewer)["rest"].n == (ROWS - 50) * SAMPLES


def test_nothing_in_common_has_no_parts_and_one_cluster_no_intervals():
    rng = np.random.default_rng(5)
    one, other = arm(rng, reasons=0.8), arm(rng, reasons=0.5)
    assert attribute(one._replace(row=one.row + ROWS), other) == []
    alone = [side._replace(cluster=np.zeros_like(side.cluster)) for side in (one, other)]
    for part in attribute(*alone):
        assert (part.low, part.high) == (None, None)


def test_equal_arms_of_equal_samples_have_no_part_that_is_nan():
    rng = np.random.default_rng(6)
    silent = arm(rng, reasons=0.0)._replace(
        verdict=np.ones(ROWS * SAMPLES), answer_tokens=np.full(ROWS * SAMPLES, 9.0)
    )
    found = by_part(silent, silent)
    assert [found[part].value for part in PARTS] == [None] * 4
    assert found["rest"][2:5] == (0, None, None)
