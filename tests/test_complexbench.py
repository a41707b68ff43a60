"""ComplexBench on small files of its schema: rules, prerequisites, groups, and a judge of one's own."""

import json
import subprocess
import sys

import pytest

from reins.data_builders import BUILDERS
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.score.complexbench import Judgements, score_complexbench
from reins.eval.score.complexbench_rules import follows
from reins.eval.verify.rows import as_row


def point(number, rule=None, dep=(), dimension="Factuality", composition=()):
    return {
        "point_id": number,
        "question": f"问题{number}？",
        "question_en": f"Question {number}?",
        "rule": rule,
        "constraint_dimensions": [dimension],
        "composition_types": list(composition),
        "dep": list(dep),
    }


def instruction(number, group, *points):
    return {
        "main_id": number,
        "group": group,
        "idx_in_group": number,
        "instruction": f"指令{number}",
        "instruction_en": f"Instruction {number}",
        "task_types": "Professional Writing",
        "constraint_dimensions": ["Factuality"],
        "composition_types": ["Selection"],
        "category": "Selection_1" if number < 2 else "And_1",
        "scoring_questions": list(points),
    }


@pytest.fixture
def rows(tmp_path):
    """Two instructions of one group with a selection, one without; in the first a chain of prerequisites."""
    selection = point(0, composition=["Selection"])
    data = [
        instruction(0, "a", selection, point(1, dep=[0]), point(2, "model_length:[1,4]", dep=[1], dimension="Length")),
        instruction(1, "a", selection),
        instruction(2, "b", point(0), point(1, "model_keyword_each:[sea]", dimension="Keywords")),
    ]  # fmt: skip
    (tmp_path / "data_final.json").write_text(json.dumps(data))
    made = list(BUILDERS["complexbench"](rows=3, seed=0, source=str(tmp_path / "data_final.json")))
    for row in made:
        assert as_row(row.line(), "", 0, "") == row
    write_jsonl(tmp_path / "rows.jsonl", (row.line() for row in made))
    return tmp_path / "rows.jsonl"


def responses(rows, *texts):
    names = [row["row"] for row in read_jsonl(rows)]
    records = [{"row": n, "sample": 0, "text": t, "state": "none"} for n, t in zip(names, texts, strict=True)]
    write_jsonl(rows.parent / "responses.jsonl", records)
    return rows.parent / "responses.jsonl"


def figures(file):
    found = json.loads(file.read_text())["figures"]
    label = {True: lambda one: (one["metric"], *one["group"].values()), False: lambda one: (one["metric"],)}
    return {label[bool(one["group"])](one): (one["value"], one["n"]) for one in found}


def test_a_question_counts_only_with_its_direct_prerequisites(rows):
    """As published: 2 depends on 1, which is raw true though its own prerequisite 0 is not."""
    replies = responses(rows, "<think>why</think>Four", "yes", "the sea")
    made = score_complexbench(
        rows, replies, rows.parent, lambda question, response: question.text != "Question 0?"
    )
    points = read_jsonl(rows.parent / "points.jsonl")
    assert [one["raw"] for one in points] == [[False, True, True], [False], [False, True]]
    assert [one["counts"] for one in points] == [[False, False, True], [False], [False, True]]
    found = figures(made)
    assert found["drfr",] == (pytest.approx(2 / 6), 6)
    assert found["drfr", "dimension", "Length"] == (1.0, 1) and found["drfr", "category", "And_1"] == (0.5, 2)
    assert found["coherent", "selections", "one"] == (0.0, 1)


def test_a_group_is_coherent_when_all_of_it_counts(rows):
    made = score_complexbench(rows, responses(rows, "Four", "yes", "sea"), rows.parent, lambda *_: True)
    assert figures(made)["coherent", "selections", "one"] == (1.0, 1) and figures(made)["drfr",] == (1.0, 6)
    (overall,) = [
        one
        for one in json.loads(made.read_text())["figures"]
        if (one["metric"], one["group"]) == ("drfr", None)
    ]
    assert (overall["high"], overall["clusters"]) == (1.0, 2) and 0 < overall["low"] < 1


def test_the_judge_says_what_a_rule_is_about(rows):
    def parts(question, response):
        return response.split("|")

    replies = responses(rows, "abc|a long tail", "yes", "sea|sky")
    made = score_complexbench(rows, replies, rows.parent, lambda *_: True, parts)
    assert figures(made)["drfr", "dimension", "Length"] == (1.0, 1) and figures(made)[
        "drfr", "dimension", "Keywords"
    ] == (
        0.0,
        1,
    )


def test_cut_and_blank_answers_satisfy_nothing(rows):
    replies = read_jsonl(responses(rows, "Four", " ", "<think>sea"))
    write_jsonl(rows.parent / "cut.jsonl", [replies[0] | {"cut": True}, *replies[1:]])
    made = score_complexbench(rows, rows.parent / "cut.jsonl", rows.parent, lambda *_: True)
    assert figures(made)["drfr",] == (0.0, 6)


def test_judgements_come_from_a_file(rows):
    replies = responses(rows, "Four", "yes", "sea|sky")
    names = [row["row"] for row in read_jsonl(rows)]
    asked = [(names[0], 0), (names[0], 1), (names[1], 0), (names[2], 0)]
    lines = [{"row": row, "sample": 0, "point": number, "holds": True} for row, number in asked]
    lines.append({"row": names[2], "sample": 0, "point": 1, "parts": ["sea", "the sea"]})
    write_jsonl(rows.parent / "judged.jsonl", lines)
    command = [
        sys.executable,
        "-m",
        "reins.eval.score.complexbench",
        rows,
        replies,
        rows.parent / "judged.jsonl",
    ]
    subprocess.run([*map(str, command), str(rows.parent / "out")], check=True)
    assert figures(rows.parent / "out/complexbench.json")["drfr",] == (1.0, 6)
    write_jsonl(rows.parent / "judged.jsonl", lines[1:])
    judge = Judgements(rows.parent / "judged.jsonl")
    with pytest.raises(InputError, match="row 'complexbench-000000', sample 0, point 0 is not judged"):
        score_complexbench(rows, replies, rows.parent, judge.holds, judge.parts)
    write_jsonl(rows.parent / "judged.jsonl", [{"row": names[0]}])
    with pytest.raises(InputError, match="judged.jsonl:1: no judgement"):
        Judgements(rows.parent / "judged.jsonl")
    write_jsonl(rows.parent / "judged.jsonl", [lines[0], lines[0]])
    with pytest.raises(InputError, match="judged.jsonl:2: .* is judged twice"):
        Judgements(rows.parent / "judged.jsonl")
    write_jsonl(rows.parent / "judged.jsonl", [lines[0] | {"parts": "fig"}])
    with pytest.raises(InputError, match="field 'parts' is 'fig'"):
        Judgements(rows.parent / "judged.jsonl")


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        ("model_length:[2,3]", ["海浪"], ["海"]),
        ("model_length_each:[1,3]", ["海", '"海浪声"'], ["海", "海浪的声音"]),
        ("model_length_word:[2,2]", ["the sea"], ["sea"]),
        ("model_keyword:[海, 天]", ["天和海"], ["天"]),
        ("model_keyword_num:[1,1,海,天]", ["天"], ["天和海"]),
        ("model_keyword_num_each:[1,2,海,天]\nmodel_forbidden_word_each:[你]", ["天", "海"], ["天", "海你"]),
        ("model_forbidden_word:[福田]", ["海", "福田"], ["福田"]),
        ("model_forbidden_word_each:[福田]", [], ["海", "福田"]),
        ("model_number_each:[2,3]", ["a", "b"], ["a"]),
        ("model_startswith:首先，", ["首先,海"], ["海，首先"]),
        ("model_startswith:一\n二", ["一\n二三"], ["一二"]),
        ("model_startswith:甲\nmodel_endswith:乙", ["甲和乙。"], ["甲和"]),
        ("model_endswith:完成。", ["“写完了，完成。”"], ["完成。好"]),
        ("model_endswith_each:；", ["一；", "二。"], ["一", "二；"]),
        ("model_not_endswith:完", [], ["说完"]),
        ("model_starts_with_list_each:[一,二]", ["一a", "二b"], ["一a", "三b"]),
        ("model_constraint_punc:[。]", ["海。天。"], ["海，天。"]),
        ("not endswith:完", ["完了"], ["说完？"]),
        ("match:是", ["是。"], ["是的"]),
        ("Json:['a', 'b']", ['so {"a": 1, "b": {}}'], ['{"a": 1}']),
        ("Json:[]", ['{"a": 1}'], ["[1]"]),
    ],
)
def test_rules(rule, right, wrong):
    assert follows(rule, right) and not follows(rule, wrong)


def test_no_part_satisfies_only_what_is_forbidden():
    assert follows("model_forbidden_word:[福田]", []) and not follows("model_keyword:[海]", [" "])


def test_bad_input_is_named(rows, tmp_path):
    with pytest.raises(InputError, match="rule 'model_colour:red': not known"):
        follows("model_colour:red", ["a"])
    build, file = BUILDERS["complexbench"], tmp_path / "bad.json"
    with pytest.raises(InputError, match="3 instructions, 4 wanted"):
        list(build(rows=4, seed=0, source=str(tmp_path / "data_final.json")))
    file.write_text(json.dumps([instruction(0, "a", point(0, dep=[3]))]))
    with pytest.raises(InputError, match=r"record 0: question 0 depends on \[3\]"):
        list(build(rows=1, seed=0, source=str(file)))
    file.write_text(json.dumps([{"main_id": 0}]))
    with pytest.raises(InputError, match="record 0: no column 'instruction_en'"):
        list(build(rows=1, seed=0, source=str(file)))
    write_jsonl(tmp_path / "plain.jsonl", [{key: value for key, value in read_jsonl(rows)[0].items() if key != "scoring_questions"}])  # fmt: skip
    with pytest.raises(InputError, match="no scoring_questions"):
        score_complexbench(
            tmp_path / "plain.jsonl", responses(rows, "a", "b", "c"), tmp_path, lambda *_: True
        )
