"""Real traces become SFT rows: right ones, closed ones, from either published schema."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from conftest import DATA, needs_data

from reins.data_builders import BUILDERS
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.verify import split_reasoning

build = BUILDERS["long_traces"]
BASE = Path(__file__).parents[1] / "recipes/micro/base"
SHARED, SKYTHOUGHT = DATA / "thought_anchors", DATA / "skythought"


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
        {"uuid": "d", "problem": "ends in thought", "answer": "2", "generations": ["<think>2</think>\n"],
         "correctness_math_verify": [True]},
    ])  # fmt: skip
    (row,) = build(rows=1, seed=0, source=str(file))
    assert (row.question, row.answer, row.response) == ("1 + 1?", "2", closed)
    built = build(rows=2, seed=0, source=str(file))
    with pytest.raises(InputError, match="1 usable traces, 2 wanted .left out: .*no right trace 1"):
        list(built)
    assert built.tally.dropped == {
        "no right trace": 1, "reasoning not closed": 1, "no answer after the reasoning": 1,
    }  # fmt: skip


def test_reasoning_is_measured_by_the_bases_tokenizer(tmp_path):
    """The first generation that fits is kept, not the first."""
    file = tmp_path / "openr1.jsonl"
    long, short = (f"<think>\n{'one ' * n}\n</think>\n\n\\boxed{{2}}" for n in (200, 40))
    write_jsonl(file, [
        {"problem": "1 + 1?", "answer": "2", "generations": [long, short], "correctness_math_verify": [True] * 2},
        {"problem": "2 + 0?", "answer": "2", "generations": [long], "correctness_math_verify": [True]},
    ])  # fmt: skip
    asked = {"source": str(file), "tokenizer": str(BASE), "max_reasoning_tokens": 150}
    built = build(rows=1, seed=0, **asked)
    (row,) = built
    assert row.response == short
    with pytest.raises(InputError, match="reasoning too long 1"):
        list(build(rows=2, seed=0, **asked))
    with pytest.raises(InputError, match="name the base's as `tokenizer`"):
        build(rows=1, seed=0, source=str(file), max_reasoning_tokens=150)
    with pytest.raises(InputError, match="tokenizer: no/such: its tokenizer cannot be opened"):
        build(rows=1, seed=0, **asked | {"tokenizer": "no/such"})


def test_traces_of_evaluation_problems_are_left_out(tmp_path):
    file, exam = tmp_path / "openr1.jsonl", tmp_path / "exam.jsonl"
    write_jsonl(file, [
        {"problem": f"What is {n} + {n}?", "answer": str(2 * n), "generations": [f"<think>{n}</think>{2 * n}"],
         "correctness_math_verify": [True]} for n in range(10)
    ])  # fmt: skip
    write_jsonl(exam, [{"question": "what is 3+3?", "answer": "6"}])
    built = build(rows=9, seed=0, source=str(file), against=[str(exam)])
    assert "What is 3 + 3?" not in {row.question for row in built}
    assert [overlap.question for overlap in built.tally.overlaps] == ["What is 3 + 3?"]


def test_thoughts_in_other_tags_are_read_and_kept(tmp_path):
    """As SkyThought's outputs are published: some closed, some cut, some without a thought."""
    file = tmp_path / "sky.jsonl"
    open_tag, close_tag, answer_tag = "<|begin_of_thought|>", "<|end_of_thought|>", "<|begin_of_solution|>"
    closed = f"{open_tag}\n\n7 and 2\n\n{close_tag}\n\n{answer_tag}\n\n\\boxed{{9}}\n\n<|end_of_solution|>"
    texts = [
        closed,
        f"{open_tag}\n\n7 and 2, so \\boxed{{9}} or",
        "It is \\boxed{9}",
        f"{open_tag}9{close_tag}",
    ]
    write_jsonl(file, [
        {"idx": i, "question": f"7 + 2 (no. {i})?", "gt": "9", "code": [text], "score": [True]} for i, text in enumerate(texts)
    ] + [{"idx": 9, "question": "wrong", "gt": "8", "code": [closed], "score": [False]}])  # fmt: skip
    (row,) = build(rows=1, seed=0, source=str(file))
    assert (row.question, row.answer, row.extra["response"]) == ("7 + 2 (no. 0)?", "9", closed)
    built = build(rows=2, seed=0, source=str(file))
    with pytest.raises(InputError, match="1 usable traces"):
        list(built)
    assert built.tally.dropped == {
        "reasoning not closed": 2, "no answer after the reasoning": 1, "no right trace": 1,
    }  # fmt: skip


def test_a_problem_comes_once_by_its_first_usable_trace(tmp_path):
    """As thought-anchors publishes samples: a record each."""
    file = tmp_path / "samples.jsonl"
    traces = ["<think>cut", "<think>1</think>2", "<think>also</think>2"]
    write_jsonl(file, [
        {"problem": {"problem": f"1 + 1, no. {n}?", "gt_answer": "2"}, "solution": trace} for n in range(3) for trace in traces
    ])  # fmt: skip
    built = build(rows=3, seed=0, source=str(file))
    rows = list(built)
    assert len({row.problem_id for row in rows}) == 3 and {row.response for row in rows} < {*traces[1:]} | {
        ""
    }
    again = build(rows=4, seed=0, source=str(file))
    with pytest.raises(InputError, match="3 usable traces, 4 wanted .left out: .*the same problem again 3"):
        list(again)
    assert (again.tally.duplicates, again.tally.dropped) == (3, {"reasoning not closed": 3})


@needs_data
def test_every_one_of_skythoughts_thoughts_is_read():
    records = [record for file in sorted(SKYTHOUGHT.glob("*.jsonl")) for record in read_jsonl(file)]
    texts = [text for record in records for text in record["code"] if "<|begin_of_thought|>" in text]
    splits = [split_reasoning(text) for text in texts]
    assert len(texts) == 435 and {split.form.name for split in splits} == {"begin_of_thought"}
    assert Counter(split.state for split in splits) == {"closed": 298, "unclosed": 137}
    assert all(split.answer and "|>" not in split.answer for split in splits if split.state == "closed")
    usable = sum(
        is_right and split_reasoning(text).state == "closed" and bool(split_reasoning(text).answer)
        for record in records
        for text, is_right in zip(record["code"], record["score"], strict=True)
    )
    rows = list(build(rows=usable, seed=0, source=str(SKYTHOUGHT)))
    assert len(rows) == usable > 200


def test_unknown_fields_are_named(tmp_path):
    file = tmp_path / "other.jsonl"
    write_jsonl(file, [{"text": "x"}])
    with pytest.raises(InputError, match=r"other.jsonl:1: no column 'problem'; the record has text"):
        list(build(rows=1, seed=0, source=str(file)))


def built_by_the_shipped_recipe(source: Path, folder: Path, rows: int = 400) -> list[dict]:
    """The traces of recipes/micro/real_traces.yaml, with a file in the place of the hub's set."""
    recipe = BASE.parent / "real_traces.yaml"
    data, stages = {"traces": {"source": str(source), "rows": rows}}, {"sft": {"rows": rows}}
    content = {"extends": str(recipe), "data": data, "stages": stages}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "reins.recipes.cli", "build", str(folder / "recipe.yaml"), "traces"]
    done = subprocess.run(
        [*command, "--out", str(folder / "run")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return read_jsonl(folder / "run" / "data" / "traces" / "rows.jsonl")


def test_the_shipped_recipe_takes_a_file_in_the_place_of_the_hubs_set(tmp_path):
    traces = BUILDERS["micro.traces"](rows=420, seed=0)
    write_jsonl(tmp_path / "openr1.jsonl", [
        {"uuid": row.name, "problem": row.question, "answer": row.answer, "generations": [row.response],
         "correctness_math_verify": [True]}
        for row in traces
    ])  # fmt: skip
    rows = built_by_the_shipped_recipe(tmp_path / "openr1.jsonl", tmp_path)
    assert len(rows) == 400 and all(split_reasoning(row["response"]).state == "closed" for row in rows)


@needs_data
def test_the_shipped_recipe_takes_real_r1_traces(tmp_path):
    rows = built_by_the_shipped_recipe(SHARED / "cots_general_r1_distill_llama8b.jsonl", tmp_path, rows=200)
    assert len(rows) == 200 and all(split_reasoning(row["response"]).state == "closed" for row in rows)


@needs_data
def test_real_r1_traces_are_closed_and_distinct():
    rows = list(build(rows=280, seed=0, source=str(SHARED / "cots_general_r1_distill_llama8b.jsonl")))
    assert len({row.name for row in rows}) == len({row.problem_id for row in rows}) == 280
    assert all(split_reasoning(row.response).state == "closed" for row in rows)
    assert not any("DONE.' when" in row.response.split("</think>")[0][:200] for row in rows)


@needs_data
def test_without_thoughts_the_same_rows_have_what_stands_behind_them():
    """The control without the reasoning: real traces of the same problems, in the same order."""
    asked = {"rows": 20, "seed": 3, "source": str(SKYTHOUGHT)}
    long, direct = list(build(**asked)), list(build(**asked, thought="none"))
    assert [(row.name, row.problem_id) for row in direct] == [(row.name, row.problem_id) for row in long]
    assert all(split_reasoning(row.response).state == "closed" for row in long)
    assert [row.response for row in direct] == [split_reasoning(row.response).answer for row in long]
    assert all(split_reasoning(row.response).state == "none" for row in direct)
