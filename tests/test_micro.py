"""The micro world tells solvable stories and satisfiable composites, the same ones for every arm."""

import pytest

from reins.data_builders import BUILDERS
from reins.data_builders.micro import rows as micro_rows
from reins.data_builders.micro.pools import EVEN, POOLS
from reins.eval.io.errors import InputError
from reins.eval.verify import TYPES, render, split_reasoning, verdicts
from reins.eval.verify.answers import grade


def test_gold_answers_follow_from_the_story_and_are_boxed():
    for row in BUILDERS["micro.traces"](rows=200, seed=1):
        answer = split_reasoning(row.response).answer
        assert grade(row.answer, answer) == "right"
        last = row.response.split("</think>")[0].split("So the answer is ")[1].split(".")[0]
        assert last == row.answer


def test_every_composite_holds_its_constraints_and_its_answer():
    seen = set()
    for row in BUILDERS["micro.composites"](rows=400, seed=2, split="test"):
        assert 1 <= len(row.constraints) <= 3
        assert all(verdicts(row.constraints, row.extra["witness"]))
        assert grade(row.answer, row.extra["witness"]) == "right"
        seen.update(each.id for each in row.constraints)
    assert seen == set(EVEN)


def test_types_cover_every_category_and_both_scopes():
    kinds = [TYPES[name] for name in EVEN]
    assert len(kinds) >= 10
    assert {kind.category for kind in kinds} == {"length", "lexical", "format", "affix"}
    assert {kind.scope for kind in kinds} == {"local", "global"}


def test_arms_that_differ_in_wording_share_their_problems():
    build = BUILDERS["micro.traces"]
    long = [row.question for row in build(rows=50, seed=3, thought="long", voice="teacher")]
    direct = [row.question for row in build(rows=50, seed=3, thought="none", voice="own")]
    assert long == direct


def test_splits_share_no_problem_and_halves_no_value():
    problems = BUILDERS["micro.problems"]
    ids = {split: {row.problem_id for row in problems(rows=300, seed=4, split=split)} for split in
           ("train", "validation", "test")}  # fmt: skip
    assert not ids["train"] & ids["test"] and not ids["validation"] & ids["test"]
    train, test = POOLS["train"], POOLS["test"]
    assert not set(train.keywords) & set(test.keywords) and not set(train.phrases) & set(test.phrases)
    assert not set(train.splitters) & set(test.splitters)
    assert train.words[0] > test.words[1] or test.words[0] > train.words[1]


def test_same_seed_same_rows():
    build = BUILDERS["micro.writing"]
    assert list(build(rows=30, seed=5)) == list(build(rows=30, seed=5))
    assert list(build(rows=30, seed=5)) != list(build(rows=30, seed=6))


def test_prompts_state_the_request_and_every_constraint():
    row = next(BUILDERS["micro.composites"](rows=1, seed=7))
    prompt = render(row)
    assert "\\boxed" in prompt and all(each.description.strip() in prompt for each in row.constraints)
    unconstrained = render(row, with_constraints=False)
    assert not any(each.description.strip() in unconstrained for each in row.constraints)


CORPUS = {"shares": {"composite": 1.0}, "think_share": 0.5, "long_share": 0.5, "teacher_share": 0.1}


@pytest.mark.parametrize(
    "weights",
    [
        {"punctuation:no_comma": 1},
        {"punctuation:no_comma": 1, "startend:quotation": 2, "keywords:existence": 0},
    ],
)
def test_a_corpus_of_few_types_has_no_more_constraints_than_types(weights):
    rows = list(BUILDERS["micro.corpus"](rows=30, seed=0, weights=weights, **CORPUS))
    drawn = {name for name, weight in weights.items() if weight}
    assert {len(row.constraints) for row in rows} == set(range(1, len(drawn) + 1))
    assert {each.id for row in rows for each in row.constraints} == drawn


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": {"punctuation:no_commas": 1}}, "weights: unknown .*did you mean 'punctuation:no_comma'"),
        ({"weights": {}, "shares": {"problems": 1.0}}, "shares: unknown 'problems'; did you mean 'problem'"),
        ({"weights": {}}, r"weights: weights \[\]"),
        (
            {"weights": {"change_case:english_lowercase": 1, "change_case:english_capital": 1}},
            "weights: no 2 of .* hold together",
        ),
    ],
    ids=range(4),
)
def test_a_corpus_that_cannot_be_drawn_is_refused(changes, said, monkeypatch):
    monkeypatch.setattr(micro_rows, "TRIES", 100)
    with pytest.raises(InputError, match=said):
        list(BUILDERS["micro.corpus"](**{"rows": 30, "seed": 0, **CORPUS, **changes}))
