"""Effects of factors: against statsmodels, against what was planted, and where the cells do not tell them apart."""

import numpy as np
import pandas as pd
import pytest
import synthetic_run
import yaml
from analysed import one, pick, results_of
from scipy.stats import binom
from simulation_seeds import COUNTS, SEED_WORLDS, effect_coverage
from statsmodels.formula.api import ols
from synthetic_run import make_run

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report
from reins.eval.stats.effects import effect_weights

HOLDS = {("teacher", 0.1): 0.9, ("teacher", 0.5): 0.85, ("own", 0.1): 0.85, ("own", 0.5): 0.4}
ARMS = {"base": []} | {
    f"mix_{voice}_{i}": {"stages": [f"mix_{voice}_{i}"], "factors": {"voice": voice, "share": share}}
    for i, (voice, share) in enumerate(HOLDS)
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        planted = {name: (held, 0.6, 1.0) for name, held in zip(list(ARMS)[1:], HOLDS.values(), strict=True)}
        patch.setattr(synthetic_run, "PLANTED", {"base": (0.9, 0.5, 0.1)} | planted)
        return make_run(tmp_path_factory.mktemp("run") / "run", arms=ARMS, rows=120)


@pytest.fixture(scope="module")
def results(run):
    return results_of(run)


def test_effects_are_those_of_a_linear_model_on_paired_differences(run, results):
    rows = {row["row"]: row["problem_id"] for row in read_jsonl(run / "data/composite/rows.jsonl")}

    def means(checkpoint):
        held: dict[str, list[bool]] = {}
        for score in read_jsonl(run / "evals" / checkpoint / "composite.think/scores.jsonl"):
            held.setdefault(score["row"], []).append(score["hacc"])
        return {row: np.mean(values) for row, values in held.items()}

    base, table = means("base"), {"d": [], "voice": [], "share": [], "problem": []}
    for name, arm in list(ARMS.items())[1:]:
        for row, mean in means(f"{name}-s0").items():
            table["d"].append(mean - base[row])
            table["voice"].append(arm["factors"]["voice"])
            table["share"].append(str(arm["factors"]["share"]))
            table["problem"].append(rows[row])
    groups = {"groups": np.unique(table["problem"], return_inverse=True)[1]}
    voice, share = "C(voice, Treatment('teacher'))", "C(share, Treatment('0.1'))"
    for formula, kind, name in (
        (f"d ~ {voice} + {share}", "main", f"{voice}[T.own]"),
        (f"d ~ {voice} * {share}", "interaction", f"{voice}[T.own]:{share}[T.0.5]"),
    ):
        fitted = ols(formula, pd.DataFrame(table)).fit(cov_type="cluster", cov_kwds=groups)
        found = one(results["effects"], metric="hacc", kind=kind, factor="voice")
        assert found["value"] == pytest.approx(fitted.params[name], abs=1e-5)
        assert (found["high"] - found["low"]) / 3.92 == pytest.approx(fitted.bse[name], rel=0.02)
        assert (found["level"], found["reference"], found["arms"]) == ("own", "teacher", 4)


def test_the_planted_interaction_is_found_and_drawn(run, results, tmp_path):
    entries = pick(results["effects"], metric="hacc")
    assert [(entry["kind"], entry["factor"], entry["other"]) for entry in entries] == [
        ("main", "voice", None),
        ("main", "share", None),
        ("interaction", "voice", "share"),
    ]
    assert all(entry["high"] < -0.1 and entry["p_holm"] < 0.01 for entry in entries)
    for entry in pick(results["effects"], metric="correct"):
        assert entry["low"] < 0.05 and entry["high"] > -0.05
    report([run], tmp_path / "out")
    assert (tmp_path / "out/figures/effects.composite.think.png").exists()
    assert "voice: own − teacher" in (tmp_path / "out/index.html").read_text()


def test_effects_of_cells_that_never_differ_are_not_known_to_be_none(tmp_path):
    run = make_run(tmp_path / "run", arms=ARMS, rows=60)
    for file in run.rglob("composite.think/scores.jsonl"):
        scores = list(read_jsonl(file))
        held = [{"verdicts": [True] * len(score["verdicts"]), "hacc": True} for score in scores]
        write_jsonl(file, [score | all_held for score, all_held in zip(scores, held, strict=True)])
    main, _, both = pick(results_of(run)["effects"], metric="hacc")
    for entry in (main, both):
        assert entry["low"] < entry["value"] == 0 < entry["high"]
        assert entry["p"] == 1 and 0.05 < entry["mdd"] < 0.5
    # An interaction can be twice as large.
    assert both["high"] == pytest.approx(2 * main["high"], abs=1e-5)


def test_cells_that_do_not_tell_factors_apart_give_no_effect():
    assert effect_weights(np.array([[0, 0], [1, 1]])) == {}
    three = np.array([[0, 0], [0, 1], [1, 0]])
    assert set(effect_weights(three)) == {((0, 1),), ((1, 1),)}
    assert effect_weights(three, (0, 1)) == {}


def test_one_stage_and_two_in_turn_of_the_same_trainer_are_compared(tmp_path):
    of = {"at once": ["both"], "in turn": ["maths", "instructions"]}
    arms = {name.replace(" ", "_"): {"stages": of[name], "factors": {"order": name}} for name in of}
    run = make_run(tmp_path / "run", arms={"base": [], "maths": ["maths"]} | arms, rows=40)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    stage = {"trainer": "sft", "data": {"composite": 1.0}, "add": {}}
    recipe["stages"] = {name: stage for stages in of.values() for name in stages}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    effect = one(results_of(run)["effects"], metric="hacc")
    assert (effect["crossed"], effect["level"], effect["reference"]) == ("order (sft)", "in turn", "at once")


def test_crossings_of_the_same_factors_and_trainers_are_told_apart_by_what_each_holds(tmp_path):
    of = {"teacher": {"voice": "teacher"}, "own": {"voice": "own"}}
    arms = {f"{name}_{share}": (voice, share) for name, voice in of.items() for share in (1, 2)}
    cells = {name: {**voice, "share": share} for name, (voice, share) in arms.items()}
    cells |= {f"kept_{share}": {"share": share, "voice": "kept"} for share in (1, 2)}
    listed = {name: {"stages": [name], "factors": factors} for name, factors in cells.items()}
    effects = results_of(make_run(tmp_path / "run", arms={"base": []} | listed, rows=40))["effects"]
    of_share = {
        entry["crossed"] for entry in effects if entry["factor"] == "share" and entry["kind"] == "main"
    }
    assert of_share == {"voice × share (trained)", "share (voice kept)"}


def test_factors_that_go_together_are_named_as_such(tmp_path):
    arms = {
        name: {"stages": [name], "factors": {"voice": name, "share": share}}
        for name, share in (("a", 1), ("b", 2))
    }
    results = results_of(make_run(tmp_path / "run", arms={"base": []} | arms, rows=8, samples=1))
    assert results["effects"] == []
    said = "composite: no effects of voice × share (trained): its cells do not tell the factors apart"
    assert said in results["notes"]


@pytest.mark.parametrize("studies", [100, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("seeds", [1, *COUNTS])
def test_intervals_of_effects_hold_what_was_planted(seeds, studies):
    """With one seed only where seeds are alike: that is what its interval leaves out."""
    for name in ("alike",) if seeds == 1 else ("alike", "apart", "far apart"):
        for what, covered in effect_coverage(SEED_WORLDS[name], seeds, studies).items():
            low, high = binom.ppf(0.001, studies, 0.93), binom.ppf(0.999, studies, 0.97)
            assert low <= covered * studies <= high, (name, what, covered)
