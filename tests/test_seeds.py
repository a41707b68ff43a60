"""Several training seeds: the interval covers them, and what is said where there is one, or where they differ."""

import json
import re

import numpy as np
import pytest
from analysed import TWO, one, pick, results_of
from scipy.stats import binom
from simulation_seeds import COUNTS, SEED_WORLDS, seed_coverage
from synthetic_run import make_run

from reins.eval.score.estimates import over_seeds
from reins.eval.score.measure import Measure

FEW, MANY = 200, 4000


def rewrite(file, change):
    scores = [change(json.loads(line)) for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(score) + "\n" for score in scores))


def judged(score, held):
    """A finished sample that holds all of its constraints, or none."""
    verdicts = [held] * len(score["verdicts"])
    ended = {"cut": False, "state": "closed", "outcome": "right", "correct": True}
    return score | ended | {"verdicts": verdicts, "hacc": held, "sacc": float(held)}


def within(share, low, high, studies):
    """Whether the share is from `low` to `high`, or, of few studies, may well come from one that is."""
    if studies >= MANY:
        return low <= share <= high
    return binom.ppf(0.001, studies, low) <= share * studies <= binom.ppf(0.999, studies, high)


@pytest.mark.parametrize("studies", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("seeds", COUNTS)
def test_intervals_over_seeds_cover(seeds, studies):
    for world in ("alike", "apart", "far apart", "apart, near 1"):
        for what, seen in seed_coverage(SEED_WORLDS[world], seeds, studies).items():
            assert within(seen.covered, 0.93, 0.975, studies), (world, what, seen)
            if what == "no effect":
                assert within(seen.significant, 0.02, 0.075, studies), (world, seen)
            assert within(seen.equivalent, 0, 0.06, studies), (world, what, seen)


def test_seeds_that_lie_apart_widen_what_one_seed_would_say(tmp_path):
    single = results_of(make_run(tmp_path / "one", arms=TWO, rows=60))
    several = results_of(make_run(tmp_path / "three", arms=TWO, rows=60, seeds=(0, 1, 2)))
    whole = {"arm": "sft", "metric": "hacc", "group": None}
    assert one(single["contrasts"], **whole)["seeds"] == 1
    assert one(several["contrasts"], **whole)["seeds"] == 3
    assert any("one training seed of every trained arm" in note for note in single["notes"])
    assert not any("one training seed" in note for note in several["notes"])
    assert any("leave out how seeds differ" in note for note in several["notes"])
    together = one(several["figures"], **whole, seed=None)
    values = [entry["value"] for entry in pick(several["figures"], **whole) if entry["seed"] is not None]
    assert together["value"] == pytest.approx(sum(values) / 3, abs=1e-5)
    # With 2 degrees of freedom the interval is far wider than the seeds lie apart.
    assert together["low"] < min(values) and max(values) < together["high"]


def test_sides_that_are_alike_repair_as_many_prompts_as_they_break(tmp_path):
    """Of two samples more than half pass less often than of the six of three seeds."""
    run = make_run(tmp_path / "run", arms=TWO, rows=300, seeds=(0, 1, 2))
    for number, file in enumerate(sorted(run.glob("evals/*/composite.think/scores.jsonl"))):
        rng = np.random.default_rng(number)
        rewrite(file, lambda score, rng=rng: judged(score, bool(rng.random() < 0.7)))
    results = results_of(run)
    whole = {"arm": "sft", "metric": "hacc"}
    contrast, flips = one(results["contrasts"], **whole, group=None), one(results["flips"], **whole)
    assert contrast["prompts"] == flips["n"] == 900
    for up, down in ((contrast["repaired"], contrast["broken"]), (flips["win"], flips["lose"])):
        assert abs(up - down) < 3 * (up + down) ** 0.5
    assert (flips["fail_pass"], flips["pass_fail"]) == (contrast["repaired"], contrast["broken"])
    assert flips["mcnemar_p"] is None and flips["p_holm"] is None


def test_seeds_under_which_all_prompts_change_leave_room_for_one_that_does_not(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, seeds=(0, 1, 2))
    for file in run.glob("evals/*/composite.think/scores.jsonl"):
        rewrite(file, lambda score, base="base" in str(file): judged(score, base))
    entry = one(results_of(run)["contrasts"], arm="sft", metric="hacc", group=None)
    assert -1 == entry["diff"] == entry["low"] < entry["high"] < -0.5
    assert entry["mdd"] > 0 and entry["p"] < 0.001


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_shares_near_one_have_intervals_within_one(tmp_path, seeds):
    """Seeds that lie far apart near one; the base holds all constraints."""
    run = make_run(tmp_path / "run", arms=TWO, rows=60, seeds=seeds)
    for number, file in enumerate(sorted(run.glob("evals/*/composite.think/scores.jsonl"))):
        rng = np.random.default_rng(number)
        rewrite(file, lambda score, rng=rng, rate=1 - 0.05 * number: judged(score, bool(rng.random() < rate)))
    figures = results_of(run)["figures"]
    shares = [entry for entry in figures if not re.search("_tokens|_over_", entry["metric"])]
    for entry in shares:
        if entry["clusters"] > 1:
            assert 0 <= entry["low"] < entry["high"] <= 1, entry
    assert one(shares, arm="base", metric="macro")["value"] == 1


def test_arms_of_different_seeds_are_not_compared_and_it_is_said_by_name(tmp_path):
    arms = TWO | {"sft_direct": {"stages": ["sft_direct"], "control_of": ["sft"]}}
    run = make_run(tmp_path / "run", arms=arms, rows=40, seeds=(0, 1))
    for file in (run / "evals" / "sft_direct-s1").rglob("scores.jsonl"):
        file.unlink()
    results = results_of(run)
    pairs = {(entry["arm"], entry["against"]) for entry in results["contrasts"] + results["flips"]}
    assert pairs == {("sft", "base"), ("sft_direct", "base")}
    said = "sft is not compared with sft_direct: one has the seeds 0, 1, the other 0"
    assert any(said in note for note in results["notes"])


def test_problems_of_which_nothing_counts_widen_no_interval():
    rng = np.random.default_rng(0)
    rates = rng.uniform(0.3, 0.7, 40)
    values = (rng.random((3, 40)) < rates).astype(float).ravel()
    seeds, problems = np.repeat(np.arange(3), 40), np.tile(np.arange(40), 3)
    measure = Measure("verdict", None, values, problems, seeds=seeds)
    assert over_seeds(measure, 400) == pytest.approx(over_seeds(measure, 40))


def test_seeds_that_differ_in_both_are_no_dependence_of_constraints_and_answers(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=100, seeds=(0, 1, 2))
    rng = np.random.default_rng(1)
    for seed, rate in enumerate((0.9, 0.5, 0.1)):
        file = run / "evals" / f"sft-s{seed}" / "composite.think" / "scores.jsonl"
        scores = [json.loads(line) for line in file.read_text().splitlines()]
        for score in scores:
            held = bool(rng.random() < rate)
            score |= {"verdicts": [held] * len(score["verdicts"]), "hacc": float(held), "sacc": float(held)}
            score |= {"correct": bool(rng.random() < rate), "cut": False, "state": "closed"}
        file.write_text("".join(json.dumps(score) + "\n" for score in scores))
    found = one(results_of(run)["joint"], arm="sft")
    assert abs(found["excess"]) < 0.04 and found["low"] < 0 < found["high"]
    assert found["both"] - found["expected_both"] == pytest.approx(found["excess"], abs=1e-5)
