"""results.json from runs with planted effects, and from runs with holes in them."""

import dataclasses
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from synthetic_run import make_run

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.document import document
from reins.eval.analyse.metrics import METRICS
from reins.eval.analyse.registry import LISTS
from reins.eval.analyse.results import SCHEMA
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.files import rounded, write_json
from reins.eval.io.jsonl import read_jsonl, write_jsonl

MODES = ("think", "direct", "budget-60", "wait-1", "pad-8")
TWO = {"base": [], "sft": ["sft"]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(
        tmp_path_factory.mktemp("run") / "run",
        arms=TWO | {"sft_rl": ["sft", "rl"], "sft_direct": {"stages": ["sft_direct"], "control_of": ["sft"]}},
        samples=4,
        modes=MODES,
        sources=("micro/a", "micro/b"),
        along=(25, 50),
        per_token=0.02,
    )


@pytest.fixture(scope="module")
def results(run):
    return results_of(run)


def results_of(*folders):
    """As a reader of the file gets them: any NaN in it is an error."""
    results = rounded(analyse([RunFolder(folder) for folder in folders]))
    return json.loads(json.dumps(results, allow_nan=False))


def pick(entries, **wanted):
    return [entry for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def one(entries, **wanted):
    (found,) = pick(entries, **wanted)
    return found


ENDS = {"value", "low", "high"}


def test_every_list_has_the_keys_that_readers_know(results):
    assert results["schema"] == SCHEMA
    for name, analysis in LISTS.items():
        keys = {field.name for field in dataclasses.fields(analysis.entry)}
        assert results[name], name
        assert all(entry.keys() == keys for entry in results[name]), name
    assert all(isinstance(note, str) for note in results["notes"])
    groups = {entry["group"]["by"] for entry in results["figures"] if entry["group"]}
    assert groups == {"type", "category", "scope", "source", "n_constraints"}


def test_every_metric_is_described_and_the_page_on_results_is_up_to_date(results):
    for name in LISTS:
        assert {entry["metric"] for entry in results[name] if "metric" in entry} <= METRICS.keys(), name
    page = Path(__file__).parents[1] / "docs" / "results.md"
    assert page.read_text("utf-8") == document(), "python -m reins.eval.analyse.document docs/results.md"
    for line in document().splitlines():
        if line.startswith("| `"):
            assert all(cell.strip() for cell in line.strip("|").split(" | ")), line


def test_macro_weighs_types_alike(results):
    whole = {"arm": "sft", "mode": "think"}
    types = [
        entry["value"]
        for entry in pick(results["figures"], **whole, metric="verdict")
        if entry["group"] and entry["group"]["by"] == "type"
    ]
    macro = one(results["figures"], **whole, metric="macro")
    assert len(types) == 5
    assert macro["value"] == pytest.approx(np.mean(types), abs=1e-5)
    assert macro["low"] < macro["value"] < macro["high"]


def test_floors_stand_beside_figures_each_in_its_group(results):
    floors = [entry["value"] for entry in results["floors"] if entry["metric"] == "hacc"]
    hacc = one(results["figures"], arm="sft", mode="think", metric="hacc", group=None)
    assert hacc["floor"] == max(floors)
    no_comma = {"by": "type", "value": "punctuation:no_comma"}
    assert one(results["figures"], arm="sft", mode="think", metric="verdict", group=no_comma)["floor"] == 1
    assert one(results["figures"], arm="sft", mode="think", metric="cut", group=None)["floor"] is None


def test_joint_outcomes_add_up_and_show_what_was_planted(results):
    sft = one(results["joint"], arm="sft", mode="think")
    shares = [sft[key] for key in ("both", "hacc_only", "correct_only", "neither")]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert sft["excess"] == pytest.approx(sft["both"] - sft["expected_both"], abs=2e-6)
    assert sft["low"] < sft["excess"] < sft["high"]
    assert one(results["joint"], arm="base", mode="direct")["low"] < 0.03  # drawn independently there


def test_contrasts_of_modes_are_within_an_arm_and_against_the_first(results):
    modes = [entry for entry in results["contrasts"] if entry["mode"] != entry["against_mode"]]
    assert {entry["against_mode"] for entry in modes} == {"think"}
    assert all(entry["arm"] == entry["against"] for entry in modes)
    assert {entry["mode"] for entry in modes} == set(MODES[1:])
    padded = one(modes, arm="sft", mode="pad-8", metric="hacc", group=None)
    assert padded["high"] < 0
    values = {
        mode: one(results["figures"], arm="sft", mode=mode, metric="hacc", group=None)["value"]
        for mode in ("pad-8", "think")
    }
    assert padded["diff"] == pytest.approx(values["pad-8"] - values["think"], abs=2e-6)


def test_p_values_are_corrected_inside_their_family(results):
    whole = one(results["contrasts"], arm="sft", mode="think", metric="hacc", group=None, against="base")
    family = pick(results["contrasts"], family=whole["family"])
    assert {entry["arm"] for entry in family} == {"sft", "sft_rl", "sft_direct"}
    assert {entry["mode"] for entry in family} == {"think"}
    ordered = sorted(family, key=lambda entry: entry["p"])
    assert ordered[0]["p_holm"] == pytest.approx(min(1, 3 * ordered[0]["p"]), abs=2e-6)
    assert all(entry["p"] <= entry["p_holm"] <= 1 for entry in results["contrasts"])
    types = {
        entry["family"] for entry in results["contrasts"] if entry["group"] and entry["group"]["by"] == "type"
    }
    assert whole["family"] not in types


def test_flips_count_prompts_by_the_majority_of_their_samples(run, results):
    def passes(arm):
        scores = read_jsonl(run / "evals" / arm / "composite.think" / "scores.jsonl")
        held: dict[str, list[bool]] = {}
        for score in scores:
            held.setdefault(score["row"], []).append(score["hacc"])
        return {row: sum(own) > len(own) / 2 for row, own in held.items()}

    arm, base = passes("sft-s0"), passes("base")
    found = one(
        results["flips"], arm="sft", against="base", mode="think", against_mode="think", metric="hacc"
    )
    assert found["n"] == len(base) == 120
    assert found["pass_fail"] == sum(base[row] and not arm[row] for row in base) > 20
    assert found["fail_pass"] == sum(arm[row] and not base[row] for row in base)
    assert found["win"] + found["tie"] + found["lose"] == 120
    assert found["p_holm"] < 0.01
    assert (
        one(results["flips"], arm="sft", mode="pad-8", against_mode="think", metric="hacc")["against"]
        == "sft"
    )


def test_length_is_put_four_ways_and_interventions_have_the_planted_sign(results):
    sft = pick(results["length"], arm="sft", metric="hacc")
    methods = [entry["method"] for entry in pick(sft, mode="think")]
    assert methods == [
        "pearson",
        "spearman",
        "pooled",
        "within_source",
        "within_prompt",
        "conditional_logistic",
    ]
    assert one(sft, method="conditional_logistic")["value"] < 0
    assert {
        entry["mode"]: entry["against_mode"] for entry in pick(sft, method="intervention")
    } == dict.fromkeys(("budget-60", "wait-1", "pad-8"), "think")
    assert one(sft, mode="pad-8", method="intervention")["high"] < 0
    assert not pick(results["length"], arm="sft", method="conditional_logistic", metric="sacc")


def test_attribution_takes_controls_off_and_adds_up(results):
    sft = pick(results["attribution"], arm="sft", mode="think", metric="hacc")
    contrasts = {
        (entry["arm"], entry["against"]): entry["diff"]
        for entry in pick(results["contrasts"], mode="think", against_mode="think", metric="hacc", group=None)
    }
    assert one(sft, part="total")["value"] == pytest.approx(contrasts["sft", "base"], abs=2e-6)
    assert one(sft, part="control:sft_direct")["value"] == contrasts["sft_direct", "base"]
    assert one(sft, part="remains:sft_direct")["value"] == contrasts["sft", "sft_direct"]
    shares = [entry["value"] for entry in pick(sft, kind="association") if entry["value"] is not None]
    assert sum(shares) == pytest.approx(contrasts["sft", "base"], abs=1e-5)
    turned = one(sft, part="format", kind="intervention")
    direct = one(
        results["contrasts"], arm="sft", mode="direct", against_mode="think", metric="hacc", group=None
    )
    assert (turned["value"], turned["low"], turned["high"]) == (
        -direct["diff"],
        -direct["high"],
        -direct["low"],
    )


def test_along_training_an_arm_is_followed_from_the_base_through_all_its_stages(results):
    way = pick(results["along"], arm="sft_rl", metric="hacc")
    assert [(entry["stage"], entry["step"], entry["total_step"], entry["checkpoint"]) for entry in way] == [
        ("sft", 0, 0, "base"),
        ("sft", 25, 25, "sft-s0@25"),
        ("sft", 50, 50, "sft-s0@50"),
        ("sft", 100, 100, "sft-s0"),
        ("rl", 0, 100, "sft-s0"),
        ("rl", 25, 125, "sft.rl-s0@25"),
        ("rl", 50, 150, "sft.rl-s0@50"),
        ("rl", 100, 200, "sft.rl-s0"),
    ]
    assert way[0]["value"] > way[1]["value"] > way[3]["value"]
    last = one(results["figures"], arm="sft_rl", mode="think", metric="hacc", group=None)
    assert all(way[-1][key] == last[key] for key in ENDS | {"n"})
    assert {entry["metric"] for entry in results["along"]} == {
        "hacc",
        "sacc",
        "correct",
        "reasoning_tokens",
        "cut",
    }
    assert {entry["mode"] for entry in results["along"]} == {"think"}


def test_models_that_were_never_trained_stand_as_arms_and_pair_as_the_recipe_says(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=40)
    (run / "evals" / "sft-s0").rename(run / "evals" / "distilled")
    recipe = (run / "recipe.yaml").read_text().replace("  sft:\n  - sft\n", "")
    (run / "recipe.yaml").write_text(recipe + "models: {distilled: some/model}\nagainst: {distilled: base}\n")
    results = results_of(run)
    assert one(results["arms"], arm="distilled")["checkpoint"] == "distilled"
    assert {(entry["arm"], entry["against"]) for entry in results["contrasts"]} == {("distilled", "base")}
    assert pick(results["attribution"], arm="distilled", part="total")


def test_an_arm_of_any_name_gets_the_analysis_of_its_role(run, results, tmp_path):
    """The shipped names are names: a run whose arms are called otherwise comes out the same."""
    renamed = {"base": "start", "sft": "distill", "sft_rl": "distill_then_rl", "sft_direct": "short"}
    other = tmp_path / "run"
    shutil.copytree(run, other)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["arms"] = {renamed[name]: arm for name, arm in recipe["arms"].items()}
    recipe["arms"]["short"]["control_of"] = ["distill"]
    (other / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))

    def with_names(entries):
        return [entry | {"arm": renamed[entry["arm"]]} for entry in entries]

    found = results_of(other)
    for kind in ("arms", "figures", "bins", "length", "along"):
        assert found[kind] == with_names(results[kind]), kind
    for kind, key in (("contrasts", "diff"), ("flips", "n"), ("attribution", "value")):
        assert [(one["arm"], one["against"], one[key]) for one in found[kind]] == [
            (renamed[one["arm"]], renamed[one["against"]], one[key]) for one in results[kind]
        ], kind
    assert one(found["attribution"], arm="distill", mode="think", metric="hacc", part="remains:short")


def test_a_run_whose_recipe_states_no_roles_is_told_so_in_one_line(tmp_path):
    arms = TWO | {"sft_if": ["sft_if"], "sft_direct": ["sft_direct"]}
    results = results_of(make_run(tmp_path / "run", arms=arms, rows=20))
    (note,) = [note for note in results["notes"] if "control_of" in note]
    assert "no arm of the recipe says what it is for" in note
    assert {entry["question"] for entry in results["contrasts"]} == {"base"}
    assert {entry["role"] for entry in results["arms"]} == {"base", "treatment"}


def rewrite(run, change, pattern="scores.jsonl"):
    for file in run.rglob(pattern):
        write_jsonl(file, [change(score) for score in read_jsonl(file)])


def no_interval(entries):
    return all(entry["low"] is None and entry["high"] is None for entry in entries)


def test_one_problem_leaves_no_interval_anywhere_and_says_so(tmp_path):
    results = results_of(make_run(tmp_path / "run", arms=TWO, rows=2, modes=("think", "pad-8"), along=(50,)))
    for kind in ("figures", "contrasts", "bins", "length", "attribution", "along", "joint"):
        assert no_interval(results[kind]), kind
    assert (
        {entry["p"] for entry in results["contrasts"]}
        == {entry["p_holm"] for entry in results["contrasts"]}
        == {None}
    )
    assert (
        "composite: all rows belong to one problem, so there are no intervals and no p values"
        in results["notes"]
    )


def test_where_all_samples_are_cut_there_is_no_length_to_speak_of(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "wait-1"))
    rewrite(
        run,
        lambda one: one | {"cut": True, "state": "unclosed", "hacc": False, "sacc": 0.0, "correct": False},
    )
    results = results_of(run)
    assert {entry["kind"] for entry in results["bins"]} == {"cut"}
    assert not results["length"]
    where = "base (think), sft (think), base (wait-1), sft (wait-1)"
    assert f"composite: all samples of {where} are cut or unclosed, so none is in a bin" in results["notes"]
    assert any("no finished sample of base (think), sft (think) reasons" in note for note in results["notes"])


def test_one_sample_a_row_allows_no_comparison_within_prompts(tmp_path):
    results = results_of(make_run(tmp_path / "run", arms=TWO, rows=60, samples=1))
    within = [
        entry for entry in results["length"] if entry["method"] in ("within_prompt", "conditional_logistic")
    ]
    assert {entry["value"] for entry in within} == {None}
    assert any("one sample a row from base (think), sft (think)" in note for note in results["notes"])


def test_too_few_samples_for_the_bins_are_merged_and_said(tmp_path):
    results = results_of(make_run(tmp_path / "run", arms=TWO, rows=40))
    assert {entry["merged"] for entry in pick(results["bins"], arm="sft", kind="equal_count")} != {1}
    assert any(
        note.startswith("composite: fewer than 6 bins") and "sft (think)" in note for note in results["notes"]
    )


def test_a_metric_that_is_null_throughout_is_nowhere(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "pad-8"))
    rewrite(run, lambda one: one | {"correct": None, "outcome": None})
    rewrite(run, lambda row: row | {"answer": ""}, "rows.jsonl")
    results = results_of(run)
    for kind in ("figures", "contrasts", "flips", "bins", "length", "attribution", "along"):
        assert {entry["metric"] for entry in results[kind]} >= {"hacc"}, kind
        assert not pick(results[kind], metric="correct"), kind
    assert not results["joint"]
    assert "composite: no row has an answer, so nothing is graded right or wrong" in results["notes"]


def test_gradings_that_timed_out_stay_in_the_mean_and_are_named(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40)
    file = run / "evals" / "sft-s0" / "composite.think" / "scores.jsonl"
    scores = read_jsonl(file)
    write_jsonl(
        file,
        [one | ({"correct": False, "outcome": "timeout"} if i < 3 else {}) for i, one in enumerate(scores)],
    )
    results = results_of(run)
    assert one(results["figures"], arm="sft", metric="correct", group=None)["n"] == 80
    assert any(
        "3 answers of sft (think) could not be graded in time and count" in note for note in results["notes"]
    )


def test_a_mode_that_keeps_samples_from_ending_is_not_taken_for_one_that_sets_their_length(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "wait-1"))
    file = run / "evals" / "sft-s0" / "composite.wait-1" / "scores.jsonl"
    ended = [
        one | ({"state": "unclosed", "hacc": False} if one["sample"] else {}) for one in read_jsonl(file)
    ]
    write_jsonl(file, ended)
    notes = results_of(run)["notes"]
    (note,) = [one for one in notes if "more samples cut or unclosed than think" in one]
    assert any("over 5% of the samples of sft (wait-1) are cut or unclosed" in one for one in notes)
    assert note.startswith("composite: wait-1 leaves")
    assert re.search(r"the rest: sft [5-7]\d% \(\d%\); hacc_finished", note)


def test_an_empty_thought_in_front_is_not_taken_for_reasoning(tmp_path):
    arms = {"base": [], "sft": ["sft"], "sft_direct": ["sft_direct"]}
    run = make_run(tmp_path / "run", arms=arms, rows=40, modes=("think", "direct"))
    rewrite(run, lambda one: one | {"state": "closed" if one["state"] == "none" else one["state"]})
    results = results_of(run)
    assert one(results["figures"], arm="sft", mode="direct", metric="reasoned", group=None)["value"] == 0
    assert any(note.startswith("composite: sft_direct hardly reason in think") for note in results["notes"])
    turned = pick(results["attribution"], part="format", kind="intervention")
    assert {entry["arm"] for entry in turned} == {"sft"}


def test_tokens_that_responses_do_not_state_leave_lengths_out(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "pad-8"))
    rewrite(run, lambda one: one | {"cut": None, "reasoning_tokens": None, "answer_tokens": None})
    results = results_of(run)
    assert not pick(results["figures"], metric="reasoning_tokens")
    assert {entry["value"] for entry in results["length"]} == {None}


def test_a_mode_that_one_arm_was_not_asked_in_is_left_out_for_that_arm(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "pad-8"))
    for file in (run / "evals" / "base").glob("*.pad-8/scores.jsonl"):
        file.unlink()
    results = results_of(run)
    assert not pick(results["contrasts"], mode="pad-8", against_mode="pad-8")
    assert pick(results["contrasts"], arm="sft", mode="pad-8", against_mode="think")
    assert "composite: not asked in every mode: base (pad-8)" in results["notes"]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda scores: [], "scores.jsonl: holds no scores"),
        (lambda scores: scores[:-2], "data/composite/rows.jsonl: 1 without score, the first 'composite-000009'"),
        (lambda scores: [*scores, scores[0] | {"row": "x"}], "data/composite/rows.jsonl: 'x' is not among them"),
    ],
)  # fmt: skip
def test_scores_that_do_not_fit_their_rows_are_refused(tmp_path, spoil, complaint):
    run = make_run(tmp_path / "run", arms=TWO, rows=10)
    file = run / "evals" / "sft-s0" / "composite.think" / "scores.jsonl"
    write_jsonl(file, spoil(read_jsonl(file)))
    with pytest.raises(InputError, match=complaint):
        analyse([RunFolder(run)])


def test_results_are_the_same_bytes_twice(run, results, tmp_path):
    for name in ("one", "two"):
        write_json(tmp_path / name, results_of(run))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert not any(math.isnan(entry["value"] or 0) for entry in results["figures"])
