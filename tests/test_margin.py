"""A margin in the recipe: what is lost, equivalent or undecided, and nothing claimed without one."""

import pytest
import yaml
from analysed import one, pick, results_of
from synthetic_run import make_run

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl
from reins.eval.report.report import report
from reins.recipes.recipe.schema import load

ARMS = {"base": [], "sft": ["sft"], "twin": ["twin"]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`sft` loses much, `twin` is the base drawn again."""
    return make_run(tmp_path_factory.mktemp("run") / "run", arms=ARMS, rows=120, samples=4)


def with_margin(run, margin):
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"margin": margin}))
    return results_of(run)["contrasts"]


def test_claims_follow_the_margin(run):
    whole = {"metric": "hacc", "group": None}
    claims = {}
    for margin in (0.01, 0.1, 0.7):
        contrasts = with_margin(run, margin)
        claims[margin] = {arm: one(contrasts, **whole, arm=arm)["claim"] for arm in ("sft", "twin")}
        for entry in contrasts:
            inside = -margin < entry["low_90"] and entry["high_90"] < margin
            assert (entry["claim"] == "equivalent") is inside
            assert entry["low"] <= entry["low_90"] <= entry["high_90"] <= entry["high"]
    assert claims == {
        0.01: {"sft": "lost", "twin": "undecided"},
        0.1: {"sft": "lost", "twin": "equivalent"},
        0.7: {"sft": "equivalent", "twin": "equivalent"},
    }


def test_nothing_is_claimed_without_a_margin(run):
    assert {entry["claim"] for entry in with_margin(run, None)} == {None}


def test_the_terminal_and_the_page_say_what_the_margin_says(run, tmp_path):
    with_margin(run, 0.1)
    terminal = report([run], tmp_path / "out")
    assert "twin changes HAcc by less than 0.1, from" in terminal
    page = (tmp_path / "out/index.html").read_text()
    for text in (terminal, page):
        assert "at ±0.1" in text and "equivalent at that margin" in text
    assert "<td>lost</td>" in page and "<td>equivalent</td>" in page


@pytest.mark.parametrize("margin", ["0", "-0.03", "3"])
def test_a_margin_that_is_no_share_is_refused_by_name(margin, tmp_path):
    (tmp_path / "r.yaml").write_text(f"name: r\nmargin: {margin}\n")
    with pytest.raises(InputError, match="margin: got"):
        load(tmp_path / "r.yaml")


def test_prompts_repaired_and_broken_are_counted_by_type_too(run):
    contrasts = with_margin(run, None)
    passes = {}
    for arm in ("base", "sft-s0"):
        held: dict[str, list[bool]] = {}
        rows = {row["row"]: row for row in read_jsonl(run / "data/composite/rows.jsonl")}
        for score in read_jsonl(run / "evals" / arm / "composite.think/scores.jsonl"):
            for name, verdict in zip(rows[score["row"]]["constraint_name"], score["verdicts"], strict=True):
                if name == "punctuation:no_comma":
                    held.setdefault(score["row"], []).append(verdict)
        passes[arm] = {row: sum(verdicts) > len(verdicts) / 2 for row, verdicts in held.items()}
    base, sft = passes["base"], passes["sft-s0"]
    group = {"by": "type", "value": "punctuation:no_comma"}
    entry = one(contrasts, arm="sft", against="base", metric="verdict", group=group)
    assert entry["prompts"] == len(base)
    assert entry["broken"] == sum(base[row] and not sft[row] for row in base) > 5
    assert entry["repaired"] == sum(sft[row] and not base[row] for row in base)
    assert entry["churn"] == pytest.approx((entry["broken"] + entry["repaired"]) / len(base), abs=1e-5)
    assert {entry["churn"] for entry in pick(contrasts, metric="sacc")} == {None}
