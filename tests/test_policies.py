"""Policies over samples that exist: what is planted comes back, and what is not there is not claimed."""

import numpy as np
import pytest
from analysed import one, pick, results_of
from synthetic_run import make_run

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report

ARMS = {"base": [], "sft": ["sft"]}
TELLING = "punctuation:no_comma"  # the type that says, where planted, which rows thinking helps


def planted(folder, *, by_type, rows=200, sets=("composite",)):
    """A run whose HAcc after thinking and without is 0.85 and 0.15, or the other way round: by a type, or by chance."""
    modes = ("think", "direct", "reflect", "decide")
    run = make_run(folder, arms=ARMS, modes=modes, rows=rows, sets=sets)
    for name in sets:
        plant(run, name, by_type)
    return run


def plant(run, name, by_type):
    types = {row["row"]: row["constraint_name"] for row in read_jsonl(run / "data" / name / "rows.jsonl")}
    rng = np.random.default_rng(7)
    helped = {row: TELLING in names if by_type else rng.random() < 0.5 for row, names in types.items()}
    for checkpoint in ("base", "sft-s0"):
        for mode in ("think", "direct"):
            file = run / "evals" / checkpoint / f"{name}.{mode}" / "scores.jsonl"
            scores = read_jsonl(file)
            for score in scores:
                held = bool(rng.random() < (0.85 if helped[score["row"]] == (mode == "think") else 0.15))
                score |= {"hacc": held, "verdicts": [held] * len(score["verdicts"]), "sacc": float(held)}
                score |= {"cut": False, "state": "closed" if mode == "think" else "none"}
            write_jsonl(file, scores)
        file = run / "evals" / checkpoint / f"{name}.decide" / "scores.jsonl"
        told = [score | {"p_yes": 0.9 if helped[score["row"]] else 0.2} for score in read_jsonl(file)]
        write_jsonl(file, [score for score in told if score["sample"] == 0])


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    run = planted(tmp_path_factory.mktemp("telling") / "run", by_type=True)
    return run, results_of(run)["policies"]


def test_each_policy_is_held_against_both_fixed_ones_on_the_same_rows(telling):
    _, entries = telling
    of_arm = pick(entries, arm="sft", mode="think")
    direct, think = (one(of_arm, policy=f"always {name}") for name in ("direct", "think"))
    assert (direct["think_rate"], think["think_rate"]) == (0, 1)
    assert direct["over_direct"]["diff"] == think["over_think"]["diff"] == 0
    for entry in of_arm:
        assert entry["over_direct"]["diff"] == pytest.approx(entry["value"] - direct["value"], abs=2e-6)
        assert entry["over_think"]["diff"] == pytest.approx(entry["value"] - think["value"], abs=2e-6)
        assert entry["over_direct"]["low"] <= entry["over_direct"]["diff"] <= entry["over_direct"]["high"]
        assert entry["n"] == 200


def test_a_classifier_finds_what_the_words_tell_and_beats_a_coin(telling):
    _, entries = telling
    of_arm = pick(entries, arm="sft", mode="think")
    classifier = one(of_arm, policy="classifier")
    coin = one(of_arm, policy="random, as often as the classifier")
    assert classifier["auc"] > 0.9 and classifier["accuracy"] > 0.8
    assert classifier["value"] > 0.75 > coin["value"]
    assert classifier["over_think"]["low"] > 0.1 and classifier["over_direct"]["low"] > 0.1
    assert (
        classifier["auc_low"] > 0.85
        and classifier["accuracy_low"] > one(of_arm, policy="majority")["accuracy"]
    )
    assert coin["think_rate"] == pytest.approx(classifier["think_rate"]) and coin["accuracy"] is None
    assert coin["tokens"] == pytest.approx(
        coin["think_rate"] * one(of_arm, policy="always think")["tokens"]
        + (1 - coin["think_rate"]) * one(of_arm, policy="always direct")["tokens"],
        rel=1e-4,
    )


def test_what_hangs_on_a_type_is_not_known_of_a_type_that_was_not_seen(telling):
    """Rows of several types are judged by rows that have none of them: little is left to tell by, but how many there are."""
    _, entries = telling
    unseen = one(entries, arm="sft", mode="think", policy="classifier, new types")
    assert unseen["auc"] < 0.7


def test_a_classifier_is_tried_on_another_set_and_learns_from_no_problem_of_its_own(tmp_path):
    run = planted(tmp_path / "run", by_type=True, sets=("composite", "letters"))
    shared = pick(results_of(run)["policies"], arm="sft", mode="think")
    assert not any(" from " in entry["policy"] for entry in shared), "both sets have the same problems"
    file = run / "data" / "letters" / "rows.jsonl"
    write_jsonl(file, [row | {"problem_id": f"letter {row['problem_id']}"} for row in read_jsonl(file)])
    apart = pick(results_of(run)["policies"], arm="sft", mode="think")
    for name, other in (("composite", "letters"), ("letters", "composite")):
        carried = one(apart, set=name, policy=f"classifier, from {other}")
        coin = one(apart, set=name, policy=f"random, as often as the classifier, from {other}")
        assert carried["auc"] > 0.9 and carried["value"] > 0.75 > coin["value"]


def test_a_classifier_of_prompt_states_finds_what_a_state_tells_and_no_more(tmp_path):
    """Labels that no word tells and one number of a state does; another arm, whose states are noise, gains nothing by them."""
    run = planted(tmp_path / "run", by_type=False)
    held = {}
    for mode in ("think", "direct"):
        for score in read_jsonl(run / f"evals/sft-s0/composite.{mode}/scores.jsonl"):
            held.setdefault(score["row"], []).append(score["hacc"] if mode == "think" else -score["hacc"])
    rng = np.random.default_rng(0)
    states = rng.normal(size=(2, 200, 16)).astype(np.float32)
    states[1, :, 3] = [2 * (sum(values) > 0) for values in held.values()] + rng.normal(size=200) / 3
    for checkpoint, of_arm in zip(("base", "sft-s0"), states, strict=True):
        np.save(run / f"evals/{checkpoint}/composite.think/prompt_states.npy", of_arm)
    entries = results_of(run)["policies"]
    told, noise = (
        one(entries, arm=arm, mode="think", policy="classifier of states") for arm in ("sft", "base")
    )
    assert told["auc"] > 0.9 and noise["auc"] < 0.65
    assert told["over_direct"]["low"] > 0 < told["over_think"]["low"]
    assert one(entries, arm="sft", policy="classifier")["auc"] < 0.65
    unseen = one(entries, arm="sft", policy="classifier of states, new types")
    assert unseen["auc"] > 0.75  # learned from fewer rows: those that share no type
    np.save(run / "evals/base/composite.think/prompt_states.npy", states[0, :50])
    with pytest.raises(InputError, match="50 states for 200 rows"):
        results_of(run)


def test_a_model_that_knows_when_thinking_helps_selects_itself(telling):
    run, entries = telling
    of_arm = pick(entries, arm="sft", mode="think")
    itself, coin = (
        one(of_arm, policy=name) for name in ("the model itself", "random, as often as the model itself")
    )
    assert itself["auc"] > 0.85 and itself["value"] > 0.75 > coin["value"]
    assert (
        itself["calls"] == 2 and coin["calls"] == 1 and itself["prompt_tokens"] == 2 * coin["prompt_tokens"]
    )
    assert itself["tokens"] == pytest.approx(12 + one(of_arm, policy="classifier")["tokens"], rel=0.2)
    lists = results_of(run)
    curve = pick(lists["decisions"], arm="sft", mode="think")
    rates = [entry["rate"] for entry in curve]
    assert rates == sorted(rates, reverse=True) and rates[0] == 1
    half = one(curve, threshold=0.5)
    assert half["rate"] == pytest.approx(itself["think_rate"]) and half["value"] == pytest.approx(
        itself["value"]
    )
    assert (
        half["precision"] > 0.6 and half["recall"] > 0.85 and (half["p_word"], half["undecided"]) == (0.9, 0)
    )
    bins = pick(lists["calibration"], arm="sft", mode="think")
    assert [entry["p_yes"] for entry in bins] == [0.2, 0.9]
    assert bins[0]["wins"] < 0.2 and bins[1]["wins"] > 0.6
    assert {entry["mode"] for entry in lists["figures"]} == {
        "think",
        "direct",
        "reflect",
    }  # it answers no row


def test_a_second_pass_is_counted_as_repaired_broken_or_unchanged_and_paid_for(telling):
    run, entries = telling
    (entry,) = pick(results_of(run)["modes"], arm="sft", mode="reflect")
    scores = read_jsonl(run / "evals/sft-s0/composite.reflect/scores.jsonl")
    second = entry["second"]
    assert second["repaired"] == sum(score["hacc"] and not score["sample"] % 2 for score in scores)
    assert second["broken"] == sum(not score["hacc"] and score["sample"] % 2 for score in scores)
    assert second["repaired"] + second["broken"] + second["unchanged"] == entry["n"] == len(scores)
    assert second["low"] < second["diff"] < second["high"] and second["same"] == 0
    assert (entry["calls"], entry["prompt_tokens"]) == (2, 40)
    always = one(pick(entries, arm="sft", mode="think"), policy="always reflect")
    assert always["calls"] == 2 and always["value"] == pytest.approx(
        sum(score["hacc"] for score in scores) / len(scores)
    )


def test_the_oracle_is_the_ceiling_and_less_of_one_when_judged_apart(telling):
    _, entries = telling
    of_arm = pick(entries, arm="sft", mode="think")
    oracle = one(of_arm, policy="oracle")
    assert oracle["headroom"] == 1 and all(entry["value"] <= oracle["value"] for entry in of_arm)
    assert one(of_arm, policy="oracle, judged apart")["value"] < oracle["value"] - 0.02


def test_where_nothing_tells_no_policy_gains_but_the_oracle_seems_to(tmp_path):
    run = planted(tmp_path / "run", by_type=False)
    of_arm = pick(results_of(run)["policies"], arm="sft", mode="think")
    classifier = one(of_arm, policy="classifier")
    assert classifier["over_direct"]["low"] < 0 < classifier["over_direct"]["high"] + 0.1
    assert 0.35 < classifier["auc"] < 0.65
    assert one(of_arm, policy="oracle")["over_think"]["low"] > 0.1


def test_few_rows_get_no_classifier_and_one_mode_no_policy(tmp_path):
    few = results_of(make_run(tmp_path / "few", arms=ARMS, modes=("think", "direct"), rows=24))["policies"]
    assert few and not any("classifier" in entry["policy"] for entry in few)
    assert results_of(make_run(tmp_path / "alone", arms=ARMS, rows=24))["policies"] == []


def test_a_rule_by_number_of_constraints_asks_not_in_what_order_rows_stand(tmp_path):
    run = planted(tmp_path / "run", by_type=False, rows=60)
    before = results_of(run)["policies"]
    file = run / "data/composite/rows.jsonl"
    rows = read_jsonl(file)
    write_jsonl(file, [rows[i] for i in np.random.default_rng(0).permutation(len(rows))])
    wanted = {"arm": "sft", "mode": "think", "policy": "number of constraints"}
    was, now = (one(entries, **wanted) for entries in (before, results_of(run)["policies"]))
    assert [was[key] for key in ("value", "think_rate")] == [now[key] for key in ("value", "think_rate")]


def test_there_is_no_rule_by_number_of_constraints_of_one_problem(tmp_path):
    entries = results_of(planted(tmp_path / "run", by_type=True, rows=2))["policies"]
    assert pick(entries, policy="always think") and not pick(entries, policy="number of constraints")


def test_the_page_shows_them(telling):
    run, _ = telling
    report([run], run / "report")
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert "Who should think?" in page and "oracle, judged apart" in page
    assert (run / "report" / "figures" / "policies.composite.think.png").exists()
