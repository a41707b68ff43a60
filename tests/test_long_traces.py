"""Real traces become SFT rows: right ones, closed ones, from either published schema."""

from pathlib import Path

import pytest

from reins.data_builders import BUILDERS
from reins.eval.verify import InputError, split_reasoning
from reins.eval.verify.rows import write_jsonl

build = BUILDERS["long_traces"]
SHARED = Path(__file__).parents[2] / "shared" / "data" / "thought_anchors"


def test_openr1_keeps_the_first_right_generation(tmp_path):
    file = tmp_path / "openr1.jsonl"
    closed = "<think>\n1 + 1 = 2\n</think>\n\n\\boxed{2}"
    write_jsonl(file, [
        {"uuid": "a", "problem": "1 + 1?", "answer": "2", "generations": ["<think>3</think>3", closed],
         "correctness_math_verify": [False, True]},
        {"uuid": "b", "problem": "wrong", "answer": "2", "generations": ["<think>3</think>3"],
         "correctness_math_verify": [False]},
        {"uuid": "c", "problem": "never ends", "answer": "2", "generations": ["<think>2, wait"],
         "correctness_math_verify": [True]},
    ])  # fmt: skip
    (row,) = build(rows=1, seed=0, source=str(file))
    assert (row["question"], row["answer"], row["response"]) == ("1 + 1?", "2", closed)
    with pytest.raises(InputError, match="1 closed and right traces, 2 wanted"):
        list(build(rows=2, seed=0, source=str(file)))


def test_unknown_fields_are_named(tmp_path):
    file = tmp_path / "other.jsonl"
    write_jsonl(file, [{"text": "x"}])
    with pytest.raises(InputError, match=r"other.jsonl: fields \['text'\]"):
        list(build(rows=1, seed=0, source=str(file)))


@pytest.mark.skipif(not SHARED.exists(), reason="needs the public traces in ../shared/data/thought_anchors")
def test_real_r1_traces_are_closed_and_distinct():
    rows = list(build(rows=500, seed=0, source=str(SHARED / "cots_general_r1_distill_llama8b.jsonl")))
    assert len({row["row"] for row in rows}) == 500
    assert all(split_reasoning(row["response"]).state == "closed" for row in rows)
    assert not any("DONE.' when" in row["response"].split("</think>")[0][:200] for row in rows)
