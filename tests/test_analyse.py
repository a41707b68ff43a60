"""results.json from runs with planted effects, and from runs with holes in them."""

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from analysed import TWO, one, pick, results_of
from synthetic_run import make_run

from reins.eval.analyse.document import document
from reins.eval.analyse.metrics import METRICS
from reins.eval.analyse.registry import LISTS
from reins.eval.analyse.results import SCHEMA
from reins.eval.analyse.roles import Roles
from reins.eval.io.files import write_json
from reins.eval.io.jsonl import read_jsonl

MODES = ("think", "direct", "budget-60", "wait-1", "pad-8", "decide")


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


ENDS = {"value", "low", "high"}


def test_a_pair_that_the_recipe_names_is_what_an_arm_is_held_against():
    arms = {"base": [], "sft": ["sft"], "mended": {"stages": ["sft", "more"], "mixed_of": "sft"}}
    roles = Roles.of({"arms": arms, "against": {"mended": "sft"}})
    assert (roles.question("mended", "sft"), roles.question("mended", "base")) == ("pair", "base")
    assert Roles.of({"arms": arms}).question("mended", "sft") == "mixed"


def test_every_list_has_the_keys_that_readers_know(results):
    assert results["schema"] == SCHEMA
    for name, analysis in LISTS.items():
        keys = {field.name for field in dataclasses.fields(analysis.entry)}
        # No arm has factors or is trained on constraints, no row says its steps, and no attention is measured.
        assert results[name] or name.startswith(("effects", "exposure", "load", "attention")), name
        assert all(entry.keys() == keys for entry in results[name]), name
    assert all(isinstance(note, str) for note in results["notes"])
    groups = {entry["group"]["by"] for entry in results["figures"] if entry["group"]}
    assert groups == {"type", "category", "scope", "source", "n_constraints"}


def test_every_metric_is_described_and_the_page_on_results_is_up_to_date(results):
    for name in LISTS:
        assert {entry["metric"] for entry in results[name] if "metric" in entry} <= METRICS.keys(), name
    page = Path(__file__).parents[1] / "docs" / "results.md"
    assert page.read_text("utf-8") == document(), "python -m reins.eval.analyse.document docs/results.md"
    assert "| `followed` | true/false |" in document()
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
    assert {entry["mode"] for entry in modes} == set(MODES[1:-1])
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


def test_results_are_the_same_bytes_twice(run, results, tmp_path):
    for name in ("one", "two"):
        write_json(tmp_path / name, results_of(run))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert not any(math.isnan(entry["value"] or 0) for entry in results["figures"])
