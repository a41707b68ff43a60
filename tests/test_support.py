"""Best of k and all of k: the estimators against enumeration, and what a planted loss of support looks like."""

from itertools import combinations

import numpy as np
import pytest
from analysed import TWO, one, pick, results_of
from synthetic_run import make_run

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report
from reins.eval.stats.support import best_and_all


@pytest.mark.parametrize("samples", [1, 3, 6])
def test_the_estimators_are_means_over_all_ways_to_take_k(samples):
    for passed in range(samples + 1):
        outcomes = [i < passed for i in range(samples)]
        for k in range(1, samples + 1):
            ways = list(combinations(outcomes, k))
            (best,), (every,) = best_and_all(np.array([passed]), np.array([samples]), k)
            assert best == pytest.approx(np.mean([any(way) for way in ways]))
            assert every == pytest.approx(np.mean([all(way) for way in ways]))


def test_a_prompt_with_fewer_samples_says_nothing():
    best, every = best_and_all(np.array([1, 1]), np.array([2, 4]), 3)
    assert np.isnan(best[0]) and np.isnan(every[0]) and best[1] == 0.75


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eight samples; `sft` gets two prompts of three right every time, and the third never."""
    run = make_run(tmp_path_factory.mktemp("run") / "run", arms=TWO, rows=90, samples=8)
    file = run / "evals/sft-s0/composite.think/scores.jsonl"
    finds = {True: {"correct": True, "outcome": "right"}, False: {"correct": False, "outcome": "wrong"}}
    write_jsonl(file, [score | finds[int(score["row"][-6:]) % 3 > 0] for score in read_jsonl(file)])
    return run


def test_a_mean_that_rises_while_the_best_falls_is_seen(run, tmp_path):
    results = results_of(run)
    whole = {"arm": "sft", "mode": "think", "metric": "correct"}
    support = pick(results["support"], **whole)
    assert sorted({entry["k"] for entry in support}) == [1, 2, 4, 8]
    first, last = (one(support, of="best", k=k) for k in (1, 8))
    mean = one(results["figures"], **whole, group=None)
    assert first["value"] == mean["value"] == one(support, of="all", k=1)["value"]
    contrast = one(results["contrasts"], **whole, group=None, against="base")
    assert first["diff"] == contrast["diff"] and first["diff_low"] == contrast["low"] > 0
    assert last["value"] == pytest.approx(2 / 3) and last["diff_high"] < 0
    assert one(support, of="all", k=8)["value"] == pytest.approx(2 / 3)
    assert {entry["against"] for entry in pick(results["support"], arm="base")} == {None}
    report([run], tmp_path / "out")
    assert (tmp_path / "out/figures/support.composite.think.png").exists()
