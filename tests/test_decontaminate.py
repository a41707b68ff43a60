"""Decontamination: known overlaps are found, what stays shares nothing."""

from collections import Counter

import pytest
from bench import contamination
from conftest import DATA, needs_data

from reins.data_builders.decontaminate import Evaluation, Overlap, decontaminate, read_evaluation
from reins.data_builders.problems import read_problems
from reins.eval.verify import Row

KNOWN = "A farmer has 12 cows and 7 goats; how many animals does the farmer have in all?"


def row(question: str, name: str = "train-0") -> Row:
    return Row(name, problem_id=name, source="s", id=name, question=question, answer="")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (KNOWN, "exact"),
        ("a farmer has  12 cows and 7 goats: how many animals does the farmer have in all", "exact"),
        ("Today a farmer has 12 cows and 7 goats. Count the goats.", "8-gram"),
        ("A farmer has 13 cows and 7 goats. How many in all?", None),
        ("", None),
        ("???", None),
    ],
)
def test_rules(question, kind):
    found = Evaluation([row(KNOWN, "test-0"), row("???", "test-1")]).find(row(question))
    assert [overlap.kind for overlap in found] == ([kind] if kind else [])


def test_removes_and_lists():
    removed: list[Overlap] = []
    rows = [row("What is 1 + 1?", "train-0"), row(KNOWN, "train-1")]
    kept = list(decontaminate(rows, Evaluation([row(KNOWN, "test-0")]), removed))
    assert kept == rows[:1]
    assert [(one.row, one.evaluation_row, one.kind, one.share) for one in removed] == [
        ("train-1", "test-0", "exact", 1.0)
    ]


@needs_data
def test_finds_the_known_overlaps():
    removed: list[Overlap] = []
    rows = read_problems(DATA / "deepscaler_union")
    kept = list(decontaminate(rows, read_evaluation(contamination.EVALUATION), removed))
    assert len(kept) + len({one.row for one in removed}) == 29_336
    assert Counter(one.evaluation for one in removed if one.kind == "exact") == {
        "qwen_math_eval/math500_test": 6,
        "qwen_math_eval/olympiadbench_test": 1,
        "HuggingFaceH4/MATH-500": 1,
    }


@needs_data
def test_gsm8k_train_holds_no_copy():
    evaluation = read_evaluation(contamination.EVALUATION)
    found = [one for row in read_problems(DATA / "gsm8k" / "train.jsonl") for one in evaluation.find(row)]
    assert found and not [one for one in found if one.kind == "exact"]


@needs_data
def test_recall_on_published_lexical_pairs():
    found, pairs = contamination.recall("openthoughts_c_lex")
    assert found / pairs >= 0.8
