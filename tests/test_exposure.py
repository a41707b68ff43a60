"""Effect by training frequency: a planted slope comes back, none is found where none is, and bases come apart from types."""

import numpy as np
import pandas as pd
import pytest
import synthetic_run
import yaml
from analysed import one, pick, results_of
from statsmodels.formula.api import ols
from synthetic_run import make_run

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.report import report
from reins.eval.stats.explained import Figures, explained
from reins.eval.verify import JUDGED

TYPES = {
    "punctuation:no_comma": None,
    "startend:quotation": None,
    "startend:end_checker": {"end_phrase": "That is all."},
    "change_case:english_lowercase": None,
    "keywords:existence": {"keywords": ["river"]},
    "keywords:forbidden_words": {"forbidden_words": ["lake"]},
    "detectable_format:number_bullet_lists": {"num_bullets": 3},
    "detectable_format:number_highlighted_sections": {"num_highlights": 2},
}
RATES = [4, 10, 25, 60, 150, 400, 1000, 2500]
BASES = ("a", "b", "c")
PER_TENFOLD = (
    0.12  # of the share of verdicts that hold: what training on reasoning takes less for ten times the rows
)


def trained(base):
    """Training rows of each type, moved on from base to base, so that type and rate come apart."""
    shift = 3 * BASES.index(base)
    return {kind: RATES[(i + shift) % len(RATES)] for i, kind in enumerate(TYPES)}


def chance(arm, kind, slope):
    """What a verdict holds with; training on reasoning costs a type something of its own, and less the oftener it was trained."""
    stage, base = arm.rsplit("_", 1)
    own = 0.03 * (list(TYPES).index(kind) % 3 - 1)
    if stage == "new":
        return 0.9
    return 0.9 - 0.3 + own + slope * (np.log10(trained(base)[kind] + 1) - 2)


def exposed_run(folder, slope, **keywords):
    """A run whose bases are trained on types at unlike rates, and whose stage `sft` takes of each as planted."""
    arms = {"base": []}
    arms |= {f"new_{base}": {"stages": [f"new_{base}"], "factors": {"rates": base}} for base in BASES}
    arms |= {f"sft_{base}": {"stages": [f"new_{base}", "sft"], "factors": {"rates": base}} for base in BASES}
    run = make_run(folder, arms=arms, rows=240, **keywords)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["against"] = {f"sft_{base}": f"new_{base}" for base in BASES}
    corpora = {
        f"new_{base}": {"trainer": "pretrain", "rows": 2500, "data": {f"corpus_{base}": 1.0}}
        for base in BASES
    }
    recipe["stages"] = corpora | {"sft": {"trainer": "sft", "rows": 100, "data": {"reasoning": 1.0}}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    for base in BASES:
        rows = ({"constraint_name": [k for k, n in trained(base).items() if i < n]} for i in range(2500))
        write_jsonl(run / f"data/corpus_{base}/rows.jsonl", rows)
    write_jsonl(run / "data/reasoning/rows.jsonl", ({"constraint_name": []} for _ in range(100)))
    for arm, made in list(arms.items())[1:]:
        replant(run, arm, f"{'.'.join(made['stages'])}-s0", slope)
    return run


def replant(run, arm, checkpoint, slope):
    kinds = {row["row"]: row["constraint_name"] for row in read_jsonl(run / "data/composite/rows.jsonl")}
    for file in run.glob(f"evals/{checkpoint}/composite.*/scores.jsonl"):
        rng = np.random.default_rng([*arm.encode()])
        lines = read_jsonl(file)
        for line in lines:
            held = [bool(rng.random() < chance(arm, kind, slope)) for kind in kinds[line["row"]]]
            line |= {"verdicts": held, "hacc": all(held), "sacc": float(np.mean(held))}
        write_jsonl(file, lines)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Runs with and without a slope."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_run, "TYPES", TYPES)
        folder = tmp_path_factory.mktemp("runs")
        return {slope: exposed_run(folder / str(slope), slope, samples=4) for slope in (PER_TENFOLD, 0.0)}


def test_a_planted_slope_on_training_frequency_comes_back(planted, tmp_path):
    results = results_of(planted[PER_TENFOLD])
    of_sft = pick(results["exposure_explained"], arms="rates (pretrain, sft)", outcome="change")
    frequency, scope, kind, rest = (one(of_sft, term=term) for term in ("frequency", "scope", "kind", "rest"))
    assert frequency["low"] < PER_TENFOLD < frequency["high"] and frequency["low"] > 0.05
    assert frequency["share_low"] > 0.2 and (frequency["types"], frequency["n"]) == (8, 24)
    assert scope["low"] < 0 < scope["high"] and scope["share"] < 0.15
    assert sum(entry["share"] for entry in (frequency, scope, kind, rest)) == pytest.approx(1, abs=1e-5)
    types = pick(results["exposure"], arm="sft_b", outcome="change")
    assert {entry["type"]: entry["trained"] for entry in types} == trained("b")
    assert all(
        entry["against"] == "new_b" and entry["scope"] == JUDGED[entry["type"]].scope for entry in types
    )
    (by_contrast,) = [
        each["diff"]
        for each in pick(results["contrasts"], arm="sft_b", against="new_b", metric="verdict")
        if each["group"] == {"by": "type", "value": "startend:quotation"}
    ]
    assert one(types, type="startend:quotation")["value"] == by_contrast
    report([planted[PER_TENFOLD]], tmp_path / "out")
    assert (tmp_path / "out/figures/exposure.composite.think.png").exists()
    assert "rows trained, tenfold" in (tmp_path / "out/index.html").read_text()


def test_no_slope_is_found_where_none_is(planted):
    explained_by = results_of(planted[0.0])["exposure_explained"]
    frequency = one(explained_by, arms="rates (pretrain, sft)", outcome="change", term="frequency")
    assert frequency["low"] < 0 < frequency["high"] and frequency["share_low"] < 0 < frequency["share_high"]


def test_direct_against_think_goes_by_training_frequency_too(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic_run, "TYPES", TYPES)
    run = exposed_run(tmp_path / "run", PER_TENFOLD, modes=("direct", "think"), samples=1)
    results = results_of(run)
    thought = pick(results["exposure"], arm="sft_a", outcome="thinking")
    assert {(entry["mode"], entry["against_mode"]) for entry in thought} == {("think", "direct")}
    by_mode = pick(results["contrasts"], arm="sft_a", mode="think", against_mode="direct", metric="verdict")
    diffs = {
        each["group"]["value"]: each["diff"] for each in by_mode if (each["group"] or {}).get("by") == "type"
    }
    assert {entry["type"]: entry["value"] for entry in thought} == diffs


def test_arms_that_train_all_types_alike_or_whose_rows_are_gone_have_no_such_section(planted, tmp_path):
    run = planted[0.0]
    results = results_of(run)
    assert {entry["arm"] for entry in results["exposure"]} == {
        f"{s}_{b}" for s in ("new", "sft") for b in BASES
    }
    moved = run / "data/corpus_a/rows.jsonl"
    moved.rename(kept := tmp_path / "kept.jsonl")
    try:
        assert {entry["arm"][-1] for entry in results_of(run)["exposure"]} == {"b", "c"}
    finally:
        kept.rename(moved)


def test_slopes_are_those_of_least_squares_with_a_level_for_each_arm():
    rng = np.random.default_rng(1)
    kind, group = np.tile(np.arange(8), 3), np.repeat(np.arange(3), 8)
    x, scope = rng.normal(size=24), (kind % 2).astype(float)
    y = 0.4 * x + 0.2 * scope + group + rng.normal(scale=0.3, size=24)
    data = pd.DataFrame({"y": y, "x": x, "scope": scope, "group": group})
    fitted = ols("y ~ x + scope + C(group)", data).fit()
    terms = {term.name: term for term in explained(Figures(y, kind, group, {"x": x, "scope": scope}))}
    for name in ("x", "scope"):
        assert terms[name].slope.value == pytest.approx(fitted.params[name])


def test_few_types_explain_nothing():
    kind = np.arange(4)
    assert explained(Figures(kind * 1.0, kind, kind * 0, {"x": kind**2.0})) == []
