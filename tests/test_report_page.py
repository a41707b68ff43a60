"""What a report lays side by side: modes, checkpoints along training, a paper's rows; and which generations."""

import json
import re

import pytest
import yaml
from synthetic_run import make_run

from reins.eval.analyse.results import SetMode
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.generations import LONGEST, generations
from reins.eval.report.report import report

ARMS = {"base": [], "sft": ["sft"], "sft_rl": ["sft", "rl"]}
PLACE = SetMode("composite", "think")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    run = make_run(folder, arms=ARMS, modes=("think", "direct", "wait-1", "pad-8"), along=(40, 80), samples=3)
    report([run], run / "report")
    return run / "report"


def test_modes_lie_side_by_side_and_intervene_on_length(out):
    page = (out / "index.html").read_text()
    assert '<h2 id="modes">' in page
    assert (out / "figures" / "modes.composite.think.png").exists()
    assert "No figure" not in page.replace("No figure: no arm stands beside a control arm", "")
    ways = (out / "tables" / "length_hacc.composite.think.tex").read_text()
    for way in (
        "Pearson",
        "Spearman",
        "within prompt",
        "intervention: pad-8",
        "intervention, finished only: pad-8",
    ):
        assert way in ways
    modes = (out / "tables" / "mode_changes.composite.think.tex").read_text()
    assert sum(line.startswith("sft &") for line in modes.splitlines()) == 4


def test_a_disagreement_between_the_ways_is_said_with_the_arm(out):
    page = (out / "index.html").read_text()
    assert "Where the ways do not say the same" in page
    assert "under pad-8" in page
    assert "under pad-8 of finished samples" in page


def test_checkpoints_along_training_are_a_figure_and_a_table(out):
    assert (out / "figures" / "along.composite.think.png").exists()
    lines = (out / "tables" / "along.composite.think.tex").read_text().splitlines()
    steps = [line.split(" & ")[2] for line in lines if line.startswith("sft\\_rl &")]
    assert steps == sorted(steps, key=int)
    assert {"0", "40", "80", "100", "140", "180", "200"} <= set(steps)


def test_published_rows_stand_beside_only_under_their_preset(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=20)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | {"base": "Qwen/Qwen3-4B"}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(InputError, match="preset reins"):
        report([run], tmp_path / "out", beside="mathif")
    assert not (tmp_path / "out").exists()
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"preset": "mathif"}))
    report([run], tmp_path / "out", beside="mathif")
    page = (tmp_path / "out" / "index.html").read_text()
    section = page[page.index('<h2 id="published">') : page.index('<h2 id="tables">')]
    assert "<td>0.4405</td><td>0.6143</td>" in section
    assert "this run" in section
    assert "no interval" in section  # what differs
    assert json.loads((tmp_path / "out" / "results.json").read_text())["published"]["which"] == "mathif"


def test_the_same_rows_are_shown_of_every_arm_within_the_limit(tmp_path):
    run = make_run(tmp_path / "run", arms=ARMS, rows=150)
    study = RunFolder(run)
    whole = generations([study], [PLACE])
    assert whole["of"] == 3 * 150 * 2
    assert len(whole["rows"]) == 75  # every second, so that no more than a hundred are shown
    assert len(whole["samples"]) == 3 * 75
    small = generations([study], [PLACE], limit=40_000)
    assert len(json.dumps(small["rows"])) + len(json.dumps(small["samples"])) <= 40_000
    assert 0 < len(small["rows"]) < 75
    for arm in ARMS:
        assert [one["row"] for one in small["samples"] if one["arm"] == arm] == list(small["rows"])


def test_rows_of_two_sets_may_share_their_names(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": []}, rows=6, sets=("composite", "writing"))
    for file in run.rglob("writing*/*.jsonl"):
        file.write_text(
            file.read_text().replace("writing-0", "composite-0").replace("Tom has", "Write of one who has")
        )
    shown = generations([RunFolder(run)], [PLACE, SetMode("writing", "think")])
    asked = {
        (sample["set"], shown["rows"][sample["row"]]["question"].split()[0]) for sample in shown["samples"]
    }
    assert asked == {("composite", "Tom"), ("writing", "Write")} and len(shown["rows"]) == 12


def test_a_very_long_text_loses_its_middle_and_says_so(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": []}, rows=4)
    for file in run.rglob("responses.jsonl"):
        write_jsonl(file, [said | {"text": "begin" + "x" * 3 * LONGEST + "end"} for said in read_jsonl(file)])
    answer = generations([RunFolder(run)], [PLACE])["samples"][0]["answer"]
    assert len(answer) < 1.1 * LONGEST
    assert answer.startswith("begin")
    assert answer.endswith("end")
    assert "characters left out" in answer


def test_models_that_the_recipe_sets_against_each_other_need_no_base(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]})
    (run / "evals" / "base").rename(run / "evals" / "instruct")
    (run / "evals" / "sft-s0").rename(run / "evals" / "reasoner")
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    pair = {"arms": {}, "models": {"instruct": "a/b", "reasoner": "c/d"}, "against": {"reasoner": "instruct"}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | pair))
    terminal = report([run], tmp_path / "out")
    assert re.search(
        r"^On composite .*, against instruct: reasoner lowers HAcc from .*\.$", terminal, re.MULTILINE
    )
    drawn = {path.name.partition(".")[0] for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert {"arms", "types", "flips", "attribution"} <= drawn


def test_more_arms_than_a_sentence_holds_are_listed(tmp_path):
    arms = {"base": [], "sft": ["sft"], "rl": ["rl"], "sft_rl": ["sft", "rl"], "rl_sft": ["rl", "sft"]}
    terminal = report([make_run(tmp_path / "run", arms=arms)], tmp_path / "out")
    assert re.search(r"^- against the base: sft lowers HAcc from .*\)$", terminal, re.MULTILINE)
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<li>against the base: ") == 4


def marked(run, edit_score, edit_response):
    """A run whose `sft` marks its thoughts in its own way."""
    folder = RunFolder(run).directory("sft-s0", "composite", "think")
    for name, edit in (("scores.jsonl", edit_score), ("responses.jsonl", edit_response)):
        write_jsonl(folder / name, [line | edit(line) for line in read_jsonl(folder / name)])
    return RunFolder(run)


def test_the_page_names_the_tags_that_thoughts_were_told_by_where_they_are_others(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=12, samples=1)
    marked(run, lambda line: {"format": "harmony" if line["state"] == "closed" else "think"}, lambda line: {})
    report([run], tmp_path / "out")
    said = "thoughts of sft (think) are told from answers by the tags of harmony"
    assert said in (tmp_path / "out/index.html").read_text()
    text = (tmp_path / "out/results.json").read_text()
    assert (
        text.count("told from answers") == 1 and said in text
    )  # not of the base, whose tags are the usual ones


def test_a_thought_that_came_in_a_column_of_its_own_is_shown(tmp_path):
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=12, samples=1)
    apart = {"text": "So \\boxed{1}.", "reasoning_content": "Thought <i>apart</i>.", "state": "closed"}
    folder = marked(run, lambda line: {}, lambda line: apart)
    shown = [sample for sample in generations([folder], [PLACE])["samples"] if sample["arm"] == "sft"]
    assert shown
    for sample in shown:
        assert (sample["reasoning"], sample["answer"]) == ("Thought <i>apart</i>.", "So \\boxed{1}.")
    report([run], tmp_path / "out")
    assert "Thought <i>apart" not in (tmp_path / "out/index.html").read_text()
