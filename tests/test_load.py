"""Whether steps and constraints compete: a planted interaction comes back, and none where there is none."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import yaml
from analysed import TWO, one, pick, results_of
from synthetic_run import TYPES, make_run

from reins.data_builders import BUILDERS
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report
from reins.eval.stats.logistic import fit

HEADS = {"narrow": 1, "wide": 16}
BOTH = {"narrow": -0.35, "wide": 0.0}  # log-odds for a step and a constraint more, beyond what each costs
STEP, OTHER = -0.2, -0.3


def loaded_run(folder, **keywords):
    """A run of two bases, of one head and of sixteen; verdicts are drawn one by one, as planted."""
    arms = {name: {"stages": [name], "factors": {"heads": heads}} for name, heads in HEADS.items()}
    run = make_run(folder, arms={"base": []} | arms, rows=360, samples=2, **keywords)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["stages"] = {name: {"trainer": "pretrain"} for name in HEADS}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    file = run / "data/composite/rows.jsonl"
    rows = [row | {"steps": 1 + i // 2 % 6} for i, row in enumerate(read_jsonl(file))]
    write_jsonl(file, rows)
    by_name = {row["row"]: row for row in rows}
    for name in HEADS:
        for scores in run.glob(f"evals/{name}-s*/composite.*/scores.jsonl"):
            replant(scores, by_name, BOTH[name])
    return run


def replant(file, rows, both):
    rng, lines = np.random.default_rng([*str(file.parent.parent.name).encode()]), read_jsonl(file)
    for line in lines:
        row = rows[line["row"]]
        step, other = row["steps"] - 3.5, len(row["constraint_name"]) - 2.0
        odds = 1.2 + STEP * step + OTHER * other + both * step * other
        own = [0.4 * (list(TYPES).index(kind) - 2) for kind in row["constraint_name"]]
        held = [bool(rng.random() < 1 / (1 + np.exp(-odds - each))) for each in own]
        line |= {"verdicts": held, "hacc": all(held), "sacc": float(np.mean(held))}
    write_jsonl(file, lines)


def finished_of(run, arm):
    scores = read_jsonl(run / f"evals/{arm}-s0/composite.think/scores.jsonl")
    return [each for each in scores if not each["cut"] and each["state"] != "unclosed"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return loaded_run(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def results(run):
    return results_of(run)


def test_what_competes_is_told_from_what_does_not(run, results, tmp_path):
    entries = results["load"]
    for arm, both in BOTH.items():
        found = one(entries, arm=arm, term="both")
        assert found["low"] < both < found["high"], arm
        assert (
            one(entries, arm=arm, term="step")["high"] < 0 > one(entries, arm=arm, term="constraint")["high"]
        )
    assert one(entries, arm="narrow", term="both")["high"] < 0 < one(entries, arm="wide", term="both")["high"]
    of_heads = one(entries, crossed="heads (pretrain)", term="both")
    assert of_heads["level"] == "heads: 16 − 1" and of_heads["low"] > 0
    report([run], tmp_path / "out")
    assert (tmp_path / "out/figures/load.composite.think.png").exists()
    assert "both, beyond each alone" in (tmp_path / "out/index.html").read_text()


def test_all_at_once_is_held_against_the_product_of_singles(run, results):
    """Constraints that cost one another fall below it; the base, whose constraints are drawn apart, does not by much."""
    rows = {row["row"]: row["constraint_name"] for row in read_jsonl(run / "data/composite/rows.jsonl")}
    scores = finished_of(run, "narrow")
    alone = pd.DataFrame(
        [(rows[each["row"]][0], each["verdicts"][0]) for each in scores if len(rows[each["row"]]) == 1],
        columns=["type", "holds"],
    )
    rates = alone.groupby("type")["holds"].mean()
    three = [each for each in scores if len(rows[each["row"]]) == 3]
    found = one(results["singles"], arm="narrow", n_constraints=3)
    assert found["expected"] == pytest.approx(
        np.mean([rates[rows[each["row"]]].prod() for each in three]), abs=1e-5
    )
    assert found["value"] == pytest.approx(np.mean([each["hacc"] for each in three]), abs=1e-5)
    assert found["excess"] == pytest.approx(found["value"] - found["expected"], abs=1e-5)
    assert found["high"] < 0 and found["n"] == len(three)


def test_the_products_interval_is_that_of_resampled_problems(run, results):
    rows = {row["row"]: row for row in read_jsonl(run / "data/composite/rows.jsonl")}
    scores = finished_of(run, "wide")
    frame = pd.DataFrame([(rows[s["row"]]["problem_id"], s["row"], s["verdicts"]) for s in scores])
    frame.columns = ["problem", "row", "verdicts"]
    by_problem = [list(group.itertuples()) for _, group in frame.groupby("problem")]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(300):
        samples = [each for i in rng.integers(0, len(by_problem), len(by_problem)) for each in by_problem[i]]
        kinds = [rows[each.row]["constraint_name"] for each in samples]
        held: dict[str, list[bool]] = {}
        for kind, each in zip(kinds, samples, strict=True):
            if len(kind) == 1:
                held.setdefault(kind[0], []).append(each.verdicts[0])
        two = [(k, each.verdicts) for k, each in zip(kinds, samples, strict=True) if len(k) == 2]
        drawn.append(
            np.mean([all(v) for _, v in two])
            - np.mean([np.prod([np.mean(held[i]) for i in k]) for k, _ in two])
        )
    found = one(results["singles"], arm="wide", n_constraints=2)
    assert (found["high"] - found["low"]) / 3.92 == pytest.approx(np.std(drawn), rel=0.15)


def plain_run(folder, verdicts, rows=200):
    """A run whose rows say their steps; `verdicts(arm, row, sample)` gives those of a sample, None where it is cut."""
    run = make_run(folder, arms=TWO, rows=rows, samples=4)
    file = run / "data/composite/rows.jsonl"
    rows = {row["row"]: row | {"steps": 1 + i // 2 % 4} for i, row in enumerate(read_jsonl(file))}
    write_jsonl(file, rows.values())
    for scores in run.glob("evals/*/composite.think/scores.jsonl"):
        arm, lines = scores.parent.parent.name, read_jsonl(scores)
        for line in lines:
            held = verdicts(arm, rows[line["row"]], line["sample"])
            state = {"cut": held is None, "state": "unclosed" if held is None else "closed"}
            held = [False] * len(line["verdicts"]) if held is None else held
            line |= state | {"verdicts": held, "hacc": all(held), "sacc": float(np.mean(held))}
        write_jsonl(scores, lines)
    return run


def test_samples_that_never_end_are_no_cost_of_constraints_or_steps(tmp_path):
    rng = np.random.default_rng(7)

    def verdicts(arm, row, _):
        """Each constraint holds with 0.8, whatever stands beside it; the longer the problem, the more samples are cut."""
        if arm != "base" and rng.random() < 0.15 * row["steps"]:
            return None
        return [bool(rng.random() < 0.8) for _ in row["constraint_name"]]

    results = results_of(plain_run(tmp_path / "run", verdicts, rows=400))
    for entry in pick(results["singles"], arm="sft"):
        assert entry["low"] < 0 < entry["high"] and abs(entry["value"] - 0.8 ** entry["n_constraints"]) < 0.06
    for term in ("step", "constraint", "both"):
        found = one(results["load"], arm="sft", term=term)
        assert found["low"] < 0 < found["high"], term


def all_but_one(arm, row, sample):
    broken = (row["row"], sample) == ("composite-000007", 0)
    return [not broken] * len(row["constraint_name"])


@pytest.mark.parametrize(
    "verdicts",
    [
        lambda arm, row, sample: [True] * len(row["constraint_name"]),
        all_but_one,
        lambda arm, row, sample: [row["steps"] < 3] * len(row["constraint_name"]),
    ],
    ids=["all hold", "one is broken", "steps tell all"],
)
def test_where_verdicts_are_next_to_all_alike_nothing_is_said_of_load(tmp_path, verdicts):
    results = results_of(plain_run(tmp_path / "run", verdicts))
    assert results["load"] == []
    assert any("steps against constraints of base (think), sft (think)" in note for note in results["notes"])


def test_the_product_of_singles_has_no_interval_where_verdicts_are_all_alike(tmp_path):
    results = results_of(plain_run(tmp_path / "run", all_but_one))
    assert results["singles"] and all(entry["low"] is None for entry in results["singles"])


def test_coefficients_and_clustered_errors_are_those_of_statsmodels():
    rng = np.random.default_rng(2)
    design = np.column_stack([rng.normal(size=(600, 2)), np.ones(600)])
    group = np.repeat(np.arange(100), 6)
    chance = 1 / (1 + np.exp(-design @ [0.5, -0.3, 0.4] - rng.normal(size=100)[group]))
    outcomes = rng.random(600) < chance
    fitted = fit(design, outcomes)
    theirs = sm.Logit(outcomes, design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": group})
    sums = np.stack([np.bincount(group, added) for added in fitted.added.T])
    assert fitted.coefficients == pytest.approx(theirs.params, abs=1e-4)
    assert np.sqrt((sums**2).sum(1)) == pytest.approx(theirs.bse, rel=0.02)
    assert fit(np.ones((10, 2)), outcomes[:10]) is None


def test_a_column_whose_outcomes_are_all_alike_leaves_the_others_be():
    rng = np.random.default_rng(3)
    x, apart = rng.normal(size=300), np.arange(300) < 40
    outcomes = (rng.random(300) < 1 / (1 + np.exp(-x))) | apart
    both = fit(np.column_stack([x, apart, ~apart]).astype(float), outcomes)
    rest = fit(np.column_stack([x[~apart], np.ones(260)]), outcomes[~apart])
    assert both.coefficients[0] == pytest.approx(rest.coefficients[0], abs=0.02)


def test_without_steps_on_the_rows_only_singles_are_there(tmp_path):
    results = results_of(make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=60))
    assert results["load"] == [] and pick(results["singles"], arm="sft")


def test_rows_whose_steps_are_chosen_say_them():
    chosen = list(BUILDERS["micro.composites"](rows=40, seed=1, split="test", pool="test", steps=[0, 1, 1]))
    assert {row.extra["steps"] for row in chosen} == {2, 3}
    assert all("steps" not in row.extra for row in BUILDERS["micro.problems"](rows=5, seed=1))
