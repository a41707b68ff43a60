"""Scoring: the readers, what becomes of cut samples, and MathIF's rows with real outputs."""

import json
from statistics import fmean

import pytest
from conftest import DATA, needs_data

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.report.tables import score_table
from reins.eval.score.floors import REPLIES
from reins.eval.score.score import score
from reins.eval.verify.rows import read_rows

NO_COMMA = ("punctuation:no_comma", None)
KEYWORD = ("keywords:existence", {"keywords": ["river"]})


def row(name, *constraints, answer="4"):
    return {
        "source": "test",
        "id": name,
        "row": name,
        "problem_id": name,
        "question": f"What is two and two, {name}?",
        "answer": answer,
        "constraint_name": [constraint for constraint, _ in constraints],
        "constraint_args": [kwargs for _, kwargs in constraints],
        "constraint_desc": [""] * len(constraints),
    }


def sample(name, text, **said):
    return {
        "row": name,
        "sample": 0,
        "text": text,
        "cut": False,
        "reasoning_tokens": 3,
        "answer_tokens": 5,
    } | said


@pytest.fixture
def scored(tmp_path):
    def run(rows, responses, **options):
        write_jsonl(tmp_path / "rows.jsonl", rows)
        write_jsonl(tmp_path / "responses.jsonl", responses)
        file = score(tmp_path / "rows.jsonl", tmp_path / "responses.jsonl", tmp_path / "out", **options)
        return read_jsonl(file), json.loads((tmp_path / "out" / "metrics.json").read_text())

    return run


def figure(metrics, metric, group=None):
    (found,) = [one for one in metrics["figures"] if one["metric"] == metric and one["group"] == group]
    return found


def test_a_sample_is_judged_on_its_answer_not_its_reasoning(scored):
    rows = [row("a", NO_COMMA, KEYWORD), row("b", NO_COMMA)]
    text = "<think>Two, and two.</think>The river gives \\boxed{4}."
    scores, metrics = scored(rows, [sample("a", text), sample("b", "Well, \\boxed{5}.")])
    assert scores[0]["verdicts"] == [True, True]
    assert (scores[0]["hacc"], scores[0]["sacc"], scores[0]["correct"]) == (True, 1.0, True)
    assert (scores[1]["hacc"], scores[1]["correct"], scores[1]["outcome"]) == (False, False, "wrong")
    assert figure(metrics, "hacc")["value"] == 0.5
    assert figure(metrics, "verdict", {"by": "type", "value": "punctuation:no_comma"})["n"] == 2
    assert metrics["preset"] == "reins"


def test_cut_and_unclosed_samples_fail_and_are_flagged_not_judged(scored):
    rows = [row("a", NO_COMMA), row("b", NO_COMMA), row("c", NO_COMMA)]
    responses = [
        sample("a", "<think>So</think>It is \\boxed{4} and", cut=True),
        sample("b", "<think>It is \\boxed{4}"),
        sample("c", "It is \\boxed{4}."),
    ]
    scores, metrics = scored(rows, responses)
    assert [one["hacc"] for one in scores] == [False, False, True]
    assert [one["outcome"] for one in scores] == ["missing", "missing", "right"]
    assert [one["state"] for one in scores] == ["closed", "unclosed", "none"]
    assert figure(metrics, "cut")["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert figure(metrics, "unclosed")["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert figure(metrics, "hacc_finished") | {"low": 0, "high": 0} == {
        "metric": "hacc_finished", "group": None, "value": 1.0, "low": 0, "high": 0, "n": 1, "clusters": 1,
    }  # fmt: skip
    assert figure(metrics, "hacc_finished")["low"] is None  # one cluster allows no interval
    judged_as_published, _ = scored(rows, responses, preset="mathif")
    assert [one["hacc"] for one in judged_as_published] == [True, True, True]


def test_an_unclosed_thought_in_a_prefilled_template_has_no_answer(scored):
    scores, _ = scored([row("a", NO_COMMA)], [sample("a", "It is \\boxed{4}", state="unclosed")])
    assert (scores[0]["state"], scores[0]["hacc"]) == ("unclosed", False)


def test_rows_without_answer_or_without_constraints_have_no_such_figure(scored):
    rows = [row("a", NO_COMMA, answer=""), row("b", answer="")]
    scores, metrics = scored(rows, [sample("a", "A poem"), sample("b", "A poem")])
    assert [one["correct"] for one in scores] == [None, None]
    assert scores[1]["hacc"] is None
    assert figure(metrics, "hacc")["n"] == 1
    assert not [one for one in metrics["figures"] if one["metric"] == "correct"]


def test_equal_types_in_one_row_are_judged_by_position(scored):
    rows = [row("a", KEYWORD, ("keywords:existence", {"keywords": ["sea"]}))]
    scores, _ = scored(rows, [sample("a", "The river \\boxed{4}")])
    assert scores[0]["verdicts"] == [True, False]


def test_mathifs_and_ifevals_outputs_read_as_ours(scored):
    rows = [row("a", NO_COMMA), row("b", NO_COMMA)]
    ours, _ = scored(rows, [sample("a", "Yes, \\boxed{4}"), sample("b", "\\boxed{4}")])
    by_line, metrics = scored(rows, [{"output": ["Yes, \\boxed{4}"]}, {"output": ["\\boxed{4}"]}])
    by_prompt, _ = scored(
        rows,
        [
            {"prompt": rows[1]["question"], "response": "\\boxed{4}"},
            {"prompt": rows[0]["question"], "response": "Yes, \\boxed{4}"},
        ],
    )
    for read in (by_line, by_prompt):
        assert [one["verdicts"] for one in read] == [one["verdicts"] for one in ours]
        assert [one["cut"] for one in read] == [None, None]
    assert not [one for one in metrics["figures"] if one["metric"] == "cut"]  # not said, so not claimed


@pytest.mark.parametrize(
    ("responses", "complaint"),
    [
        ([], "holds no responses"),
        ([sample("a", "x")], "1 rows have no response, the first 'b'"),
        ([sample("a", "x"), sample("b", "x"), sample("z", "x")], "row 'z' is not in the data"),
        ([sample("a", "x"), sample("b", "x"), sample("b", "x")], "sample 0 of row 'b' comes 2 times"),
        ([{"output": ["x"]}], "1 outputs for 2 rows"),
        ([{"output": ["x"]}, {"text": "x"}], "responses.jsonl:2: not like line 1"),
        ([{"prompt": "Who?", "response": "x"}], "prompt 'Who.' is not in the data"),
        ([{"answer": "x"}], "no response in a known form"),
    ],
)
def test_responses_that_do_not_fit_the_rows_are_refused(scored, responses, complaint):
    with pytest.raises(InputError, match=complaint):
        scored([row("a", NO_COMMA), row("b", NO_COMMA)], responses)


def test_each_file_of_rows_may_have_its_own_responses(tmp_path):
    sets = {"a": [row("a1", NO_COMMA), row("a2", NO_COMMA)], "b": [row("b1", NO_COMMA)]}
    outputs = {"a": ["one, two", "one"], "b": ["one"]}
    for name, rows in sets.items():
        write_jsonl(tmp_path / f"{name}.rows.jsonl", rows)
        write_jsonl(tmp_path / f"{name}.out.jsonl", ({"output": [text]} for text in outputs[name]))
    data, responses = ([tmp_path / f"{name}.{kind}.jsonl" for name in sets] for kind in ("rows", "out"))
    scores = read_jsonl(score(data, responses, tmp_path))
    assert [(one["row"], one["hacc"]) for one in scores] == [("a1", False), ("a2", True), ("b1", True)]
    with pytest.raises(InputError, match=r"a.out.jsonl: 2 outputs for 1 rows"):
        score(data[::-1], responses, tmp_path)
    with pytest.raises(InputError, match="responses: 2 files for 1 of rows"):
        score(data[:1], responses, tmp_path)


FLOORS = {  # HAcc and SAcc in per cent, then HAcc by number of constraints
    "short": ([11.90, 30.48], [24.3, 10.0, 1.4]),
    "short_lowercase": ([16.19, 36.31], [30.7, 16.4, 1.4]),
    "three_bullets": ([16.90, 39.68], [32.9, 16.4, 1.4]),
    "echo_question": ([14.05, 29.21], [28.6, 7.9, 5.7]),
    "prose": ([7.14, 19.37], [18.6, 2.9, 0.0]),
}


@needs_data
def test_constant_replies_give_mathifs_chance_floors_to_the_digit(tmp_path):
    rows = read_rows(DATA / "mathif")
    write_jsonl(tmp_path / "out.jsonl", ({"output": [REPLIES[name](one) for name in FLOORS]} for one in rows))
    scores = read_jsonl(score(DATA / "mathif", tmp_path / "out.jsonl", tmp_path, preset="mathif"))
    for sample_number, (means, by_number) in enumerate(FLOORS.values()):
        own = [one for one in scores if one["sample"] == sample_number]
        assert [round(100 * fmean(one[metric] for one in own), 2) for metric in ("hacc", "sacc")] == means
        split = [[one["hacc"] for one in own if len(one["verdicts"]) == n] for n in (1, 2, 3)]
        assert [round(100 * fmean(held), 1) for held in split] == by_number
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    said = {
        one["reply"]: round(100 * one["value"], 2) for one in metrics["floors"] if one["metric"] == "hacc"
    }
    assert said == {name: means[0] for name, (means, _) in FLOORS.items()}


@needs_data
def test_real_outputs_on_mathifs_rows_are_judged_on_all_fifteen_types(tmp_path):
    files = sorted((DATA / "mathif").glob("*.jsonl"))
    outputs = [one["code"] for one in read_jsonl(DATA / "rg_eval" / "Qwen2.5-3B-Instruct__gsm8k.jsonl")]
    write_jsonl(tmp_path / "out.jsonl", ({"output": texts} for texts in outputs[:420]))
    scores = score(files, tmp_path / "out.jsonl", tmp_path, preset="mathif")
    assert len(read_jsonl(scores)) == 420
    table = score_table(scores)
    assert "preset mathif: 420 rows, 420 samples" in table
    assert "(three_bullets)" in table
    assert sum(":" in line.split(" ")[0] and "[" in line for line in table.splitlines()) == 15


def test_loose_figures_forgive_a_first_line_and_are_of_rows_with_constraints(scored):
    rows = [row("a", NO_COMMA, KEYWORD), row("b", NO_COMMA), row("c")]
    responses = [
        sample("a", "Well, as asked:\nThe river gives \\boxed{4}"),  # no comma without its first line
        sample("b", "One, two\nthree, \\boxed{4}"),
        sample("c", "Yes, \\boxed{4}"),
    ]
    scores, metrics = scored(rows, responses, preset="ifeval")
    assert [one["verdicts"] for one in scores] == [[False, True], [False], []]
    assert [one["loose"] for one in scores] == [[True, True], [False], []]
    known = {name: figure(metrics, name) for name in ("hacc", "hacc_loose", "verdict", "verdict_loose")}
    assert {name: one["n"] for name, one in known.items()} == {
        "hacc": 2, "hacc_loose": 2, "verdict": 3, "verdict_loose": 3,
    }  # fmt: skip
    assert [one["value"] for one in known.values()] == pytest.approx([0, 1 / 2, 1 / 3, 2 / 3], abs=1e-6)


def test_floors_are_what_constant_replies_score_on_the_rows_with_constraints(scored):
    lowercase, bullets = (
        ("change_case:english_lowercase", None),
        ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
    )
    rows = [
        row("a", NO_COMMA, lowercase),
        row("b", NO_COMMA, bullets),
        row("c", lowercase, answer=""),
        row("d"),
    ]
    _, metrics = scored(rows, [sample(name, "no") for name in "abcd"])
    found = {(one["reply"], one["metric"]): one["value"] for one in metrics["floors"]}
    # By hand, a + b + c: "The final answer is \\boxed{4}." has no comma, but a capital and no bullets; and so on.
    expected = {
        "short": (0, (1 / 2 + 1 / 2 + 0) / 3),
        "short_lowercase": (2 / 3, (1 + 1 / 2 + 1) / 3),
        "three_bullets": (1 / 3, (1 / 2 + 1 + 0) / 3),
        "echo_question": (0, 0),  # "What is two and two, a?" has a comma
        "prose": (0, 0),
    }
    for reply, (hacc, sacc) in expected.items():
        assert (found[reply, "hacc"], found[reply, "sacc"]) == pytest.approx((hacc, sacc), abs=1e-6), reply


@needs_data
def test_ifevals_four_figures_on_gpt4s_responses(tmp_path):
    """What the original code gives on the same responses."""
    folder = DATA / "ifeval"
    responses = folder / "input_response_data_gpt4_20231107_145030.jsonl"
    score(folder / "input_data.jsonl", responses, tmp_path, preset="ifeval")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    expected = {"hacc": 417 / 541, "verdict": 698 / 834, "hacc_loose": 431 / 541, "verdict_loose": 714 / 834}
    for metric, value in expected.items():
        assert figure(metrics, metric)["value"] == pytest.approx(value, abs=1e-6)
    assert figure(metrics, "verdict")["n"] == 834
    types = [one["value"] for one in metrics["figures"] if one["group"] and one["group"]["by"] == "type"]
    assert figure(metrics, "macro")["value"] == pytest.approx(fmean(types), abs=1e-6)


def metrics(tmp_path):
    return json.loads((tmp_path / "metrics.json").read_text("utf-8"))


def test_formats_of_thoughts_are_named_and_empty_thoughts_are_none(tmp_path):
    rows = [row(name, NO_COMMA) for name in "abcd"]
    texts = [
        "<think>So, 4.</think>it is 4",
        "[THINK]So, 4.[/THINK]it is 4",
        "<think>\n\n</think>\n\nit is 4",
        "it is 4",
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "out.jsonl", ({"output": [text]} for text in texts))
    scores = read_jsonl(score(tmp_path / "rows.jsonl", tmp_path / "out.jsonl", tmp_path))
    assert all(one["verdicts"] == [True] for one in scores)
    assert [one["format"] for one in scores] == ["think", "mistral", "think", None]
    assert [one["reasoned"] for one in scores] == [True, True, False, False]
    told = metrics(tmp_path)
    assert told["formats"] == {"think": pytest.approx(2 / 3), "mistral": pytest.approx(1 / 3)}
    (reasoned,) = [one for one in told["figures"] if (one["metric"], one["group"]) == ("reasoned", None)]
    assert reasoned["value"] == 0.5


@pytest.mark.parametrize("closing", ["</think>", "[/THINK]", "</seed:think>", "◁/think▷"])
def test_a_thought_that_the_template_opened_and_the_limit_cut_is_no_answer(tmp_path, closing):
    rows = [row(name, NO_COMMA) for name in "abc"]
    texts = [f"2 and 2.{closing}It is 4", "2 and 2 is \\boxed{4} and", f"Add, then stop.{closing}It is 4"]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "out.jsonl", ({"output": [text]} for text in texts))
    scores = read_jsonl(score(tmp_path / "rows.jsonl", tmp_path / "out.jsonl", tmp_path))
    assert [(one["state"], one["hacc"]) for one in scores] == [
        ("closed", True), ("unclosed", False), ("closed", True),
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["reasoning_content", "reasoning", "thinking"])
def test_a_thought_in_a_column_of_its_own_is_read(tmp_path, column):
    rows = [row(name, NO_COMMA) for name in "abc"]
    lines = [
        {"output": ["It is 4"], column: ["So, 4"]},
        {"output": ["It is 4"], column: [None]},
        {"output": [""], column: ["It may be 4, or"]},
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "out.jsonl", lines)
    scores = read_jsonl(score(tmp_path / "rows.jsonl", tmp_path / "out.jsonl", tmp_path))
    assert [(one["state"], one["reasoned"], one["hacc"]) for one in scores] == [
        ("closed", True, True), ("none", False, True), ("unclosed", True, False),
    ]  # fmt: skip
