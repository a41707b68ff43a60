"""The user turn: the published bytes, and our clean one."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from reins.eval.verify import Row, read_constraints, render
from reins.eval.verify.rows import read_rows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "mathif"
DESCRIPTIONS = [
    "Your answer should be in German language, no other language is allowed. ",
    "Wrap your entire response with double quotation marks. ",
]
ROW = Row(
    name="r",
    problem_id="p",
    source="s",
    id="1",
    question="How many pens? ",
    answer="4",
    constraints=read_constraints(
        ["language:response_language", "startend:quotation"], [{"language": "de"}, None], DESCRIPTIONS
    ),
)
BOXED = "Let's think step by step and output the final answer within \\boxed{}."


def test_mathif_glues_question_request_and_descriptions():
    assert render(ROW, preset="mathif") == "How many pens? " + BOXED + " ".join(DESCRIPTIONS)
    assert render(ROW, preset="mathif", with_constraints=False) == "How many pens? " + BOXED


def test_reins_puts_each_part_on_its_own_line():
    assert render(ROW).split("\n") == [
        "How many pens?",
        "Put the final answer within \\boxed{}.",
        "Your answer should be in German language, no other language is allowed.",
        "Wrap your entire response with double quotation marks.",
    ]
    assert render(ROW, with_constraints=False).split("\n")[2:] == []


def test_a_row_without_answer_asks_for_no_box():
    assert "boxed" not in render(replace(ROW, answer=""))


def test_an_ifeval_prompt_is_the_whole_turn():
    assert render(ROW, preset="ifeval") == ROW.question


@pytest.mark.skipif(not DATA.exists(), reason="needs MathIF's files beside the repository")
def test_the_420_published_prompts_keep_their_bytes():
    rows = read_rows(DATA)
    built = hashlib.sha256()
    for row in rows:
        prompt = render(row, preset="mathif")
        assert prompt == row.question + BOXED + " ".join(each.description for each in row.constraints)
        built.update(prompt.encode())
    assert len(rows) == 420
    assert built.hexdigest() == "ab65569d011574dd0d632f8410dc6e0b98b5aad1a7fda5cfecb55c0e51f8108f"
