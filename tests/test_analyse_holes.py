"""results.json from runs with holes in them: what cannot be said is left out, and a note says so."""

import re

import pytest
import yaml
from analysed import TWO, one, pick, results_of
from synthetic_run import make_run

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.decomposition import control_dots
from reins.eval.analyse.results import ReportData, SetMode
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.summary import answers


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


def test_a_model_that_gives_no_thought_when_asked_for_one_is_named(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, modes=("think", "cot"))
    said = "composite: asked for a thought (cot), "
    assert not any(note.startswith(said) for note in results_of(run)["notes"])
    rewrite(run, lambda one: one | {"state": "none", "reasoned": False, "reasoning_tokens": 0})
    assert any(note.startswith(f"{said}base, sft hardly give one") for note in results_of(run)["notes"])


def test_an_arm_that_was_not_asked_in_a_mode_is_named(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=20, modes=("think", "cot"))
    assert not any("not evaluated" in note for note in results_of(run)["notes"])
    (file,) = run.glob("evals/sft-*/composite.cot/scores.jsonl")
    file.unlink()
    assert "composite: not evaluated yet: sft (cot)" in results_of(run)["notes"]


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


def test_finished_samples_are_compared_on_the_rows_that_both_sides_finish(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=80, samples=1)
    whole = {"arm": "sft", "metric": "hacc_finished", "group": None}
    rewrite(run, lambda score: score | {"cut": False, "state": "closed"})
    alike = one(results_of(run)["contrasts"], **whole)
    # The base ends only what it gets right.
    rewrite(
        run, lambda score: score | {"cut": not all(score["verdicts"])}, "base/composite.think/scores.jsonl"
    )
    scores = list(read_jsonl(run / "evals" / "base" / "composite.think" / "scores.jsonl"))
    finished = {score["row"] for score in scores if not score["cut"]}
    arm = list(read_jsonl(run / "evals" / "sft-s0" / "composite.think" / "scores.jsonl"))
    held = [all(score["verdicts"]) for score in arm if score["row"] in finished]
    entry = one(results_of(run)["contrasts"], **whole)
    assert alike["n"] == 80 and entry["n"] == len(held) < 80
    assert entry["diff"] == pytest.approx(sum(held) / len(held) - 1, abs=1e-5)
    assert entry["low"] < entry["diff"] < entry["high"]


def test_an_arm_that_ends_fewer_samples_of_hard_prompts_gains_nothing_by_it(tmp_path):
    """The same verdicts by prompt on both sides; the arm is cut in every second sample of those that fail."""
    run = make_run(tmp_path / "run", arms=TWO, rows=200, seeds=(0, 1))

    def easy(score):
        return int(score["row"].rpartition("-")[2]) // 2 % 2 == 0

    def judged(score, cut=False):
        held = easy(score)
        verdicts = {"verdicts": [held] * len(score["verdicts"]), "hacc": held, "sacc": float(held)}
        return score | verdicts | {"cut": cut, "state": "unclosed" if cut else "closed"}

    rewrite(run, judged, "base/composite.think/scores.jsonl")
    rewrite(
        run,
        lambda score: judged(score, cut=not easy(score) and score["sample"] == 1),
        "sft-s*/composite.think/scores.jsonl",
    )
    contrasts = results_of(run)["contrasts"]
    entry = one(contrasts, arm="sft", metric="hacc_finished", group=None)
    assert entry["diff"] == 0 and entry["n"] == 400
    assert all(entry["low"] <= entry["diff"] <= entry["high"] for entry in contrasts)
    assert {entry["repaired"] for entry in pick(contrasts, metric="hacc_finished")} == {None}


def test_lengths_that_only_unthinking_samples_come_with_are_no_lengths(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=60, modes=("think", "direct"))

    def uncounted(score):
        counted = score["state"] == "none"
        return score if counted else score | {"reasoning_tokens": None, "answer_tokens": None}

    rewrite(run, uncounted)
    results = results_of(run)
    metrics = {entry["metric"] for entry in pick(results["figures"], arm="sft", mode="think")}
    assert not metrics & {"reasoning_tokens", "answer_tokens"} and "hacc" in metrics
    assert any("come without counts of tokens" in note for note in results["notes"])
    parts = {
        entry["part"]: entry["value"] for entry in pick(results["attribution"], arm="sft", metric="hacc")
    }
    assert parts["answer_length"] is None and parts["reasoning_length"] is None


def test_a_seed_without_a_finished_sample_counts_among_the_unfinished(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=40, seeds=(0, 1))
    rewrite(run, lambda score: score | {"cut": False, "state": "closed"})
    rewrite(run, lambda score: score | {"cut": True}, "sft-s1/composite.think/scores.jsonl")
    data = [ReportData.of(results_of(run), SetMode("composite", "think"))]
    assert "50% of sft's samples are cut or unclosed" in str(answers(data)[0])


def test_a_control_that_is_held_against_another_arm_than_its_own_draws_a_report(tmp_path):
    arms = {
        "base": [],
        "sft": ["sft"],
        "sft_rl": {"stages": ["sft", "rl"]},
        "sft_direct": {"stages": ["sft_direct"], "control_of": ["sft_rl"]},
    }
    run = make_run(tmp_path / "run", arms=arms, rows=40)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"against": {"sft_rl": "sft"}}, sort_keys=False))
    data = ReportData.of(results_of(run), SetMode("composite", "think"))
    parts = {entry["part"] for entry in pick(data.entries("attribution"), arm="sft_rl")}
    assert "total" in parts and not any(":" in part for part in parts)
    assert control_dots(data) is None


def test_prompts_that_no_second_pass_changes_leave_room_for_a_change(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=60, modes=("think", "reflect"))
    rewrite(
        run,
        lambda score: score | {"first": {"verdicts": score["verdicts"], "same": True}},
        "composite.reflect/scores.jsonl",
    )
    second = one(results_of(run)["modes"], arm="sft", mode="reflect")["second"]
    assert second["unchanged"] == 120 and second["low"] < 0 < second["high"]


def test_an_arm_asked_both_ways_under_other_seeds_has_no_policies_yet(tmp_path):
    run = make_run(tmp_path / "run", arms=TWO, rows=60, seeds=(0, 1), modes=("think", "direct"))
    assert pick(results_of(run)["policies"], arm="sft")
    (run / "evals" / "sft-s1" / "composite.direct" / "scores.jsonl").unlink()
    results = results_of(run)
    assert not pick(results["policies"], arm="sft") and pick(results["policies"], arm="base")
    assert not pick(results["flips"], arm="sft", against="sft")
