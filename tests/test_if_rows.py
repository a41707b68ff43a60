"""Rows for the instruction-following arms: traces whose answers hold constraints, prompts that carry a gradient."""

import sys
from itertools import islice
from pathlib import Path

import pytest

from reins.data_builders import judged_samples
from reins.data_builders.if_traces import LEFT_OUT, if_traces
from reins.data_builders.varied_rewards import undecided
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import write_jsonl
from reins.eval.verify import split_reasoning, verdicts
from reins.eval.verify.answers import boxed
from reins.eval.verify.rows import Row, as_row

ANSWER = "We add 2 and 5, which is easy.\n\nThe final answer is \\boxed{7}."


def traces(path: Path, count: int) -> str:
    rows = [
        {
            "problem": f"How much is 2 and 5, asked for the {number}th time?",
            "answer": "7",
            "generations": [f"<think>\nWe need the sum, {number}.\n</think>\n\n{ANSWER}"],
            "correctness_math_verify": [True],
        }
        for number in range(count)
    ]
    write_jsonl(path, rows)
    return str(path)


def test_every_trace_holds_its_constraints_and_keeps_thought_and_answer(tmp_path: Path) -> None:
    source = traces(tmp_path / "traces.jsonl", 60)
    rows = list(if_traces(30, 1, source=source))
    assert len(rows) == 30 and {len(row.constraints) for row in rows} == {1, 2, 3}
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row
        split = split_reasoning(row.response)
        assert split.state == "closed" and "We need the sum" in split.reasoning
        assert all(verdicts(row.constraints, split.answer)) and boxed(split.answer) == "7"
    assert len({row.name for row in rows}) == 30
    assert rows == list(if_traces(30, 1, source=source))
    assert rows[:5] == list(islice(if_traces(30, 1, source=source), 5))


def test_too_few_traces_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 usable traces, 4 wanted"):
        list(if_traces(4, 1, source=traces(tmp_path / "traces.jsonl", 3)))


def test_traces_are_read_until_there_are_as_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no constraints hold on an answer the next trace is taken, here in five of six."""
    module = sys.modules[if_traces.__module__]
    constrained = module._try

    def seldom(trace: Row, *how: object) -> Row | None:
        return constrained(trace, *how) if int(trace.problem_id, 16) % 6 == 0 else None

    monkeypatch.setattr(module, "_try", seldom)
    built = if_traces(5, 1, source=traces(tmp_path / "traces.jsonl", 60))
    assert len(list(built)) == 5 and built.tally.dropped[LEFT_OUT] > 5


def two_each(folder: Path) -> dict[str, Path]:
    """Two samples a row: of one right and one wrong, both right, both wrong, of unequal shares of constraints."""
    plain = {"source": "s", "id": "0", "question": "2 + 5?", "answer": "7", "problem_id": "p"}
    free = {"constraint_name": [], "constraint_args": [], "constraint_desc": []}
    bound = {
        "constraint_name": ["punctuation:no_comma"],
        "constraint_args": [None],
        "constraint_desc": ["No commas."],
    }
    names = {"mixed": free, "right": free, "wrong": free, "held": bound}
    write_jsonl(folder / "rows.jsonl", [plain | extra | {"row": name} for name, extra in names.items()])
    texts = {
        "mixed": ["\\boxed{7}", "\\boxed{8}"],
        "right": ["\\boxed{7}", "It is \\boxed{7}"],
        "wrong": ["\\boxed{8}", "<think>for ever, and then"],
        "held": ["So \\boxed{7}", "So, \\boxed{7}"],
    }
    samples = [
        {"row": name, "sample": index, "text": text, "cut": False}
        for name, two in texts.items()
        for index, text in enumerate(two)
    ]
    write_jsonl(folder / "responses.jsonl", samples)
    return {"source_rows": folder / "rows.jsonl", "responses": folder / "responses.jsonl"}


def test_only_prompts_whose_samples_are_paid_differently_are_kept(tmp_path: Path) -> None:
    files = two_each(tmp_path)
    assert [row.name for row in undecided(2, 0, **files)] == ["mixed", "held"]
    with pytest.raises(InputError, match="undecided on 2 rows, 3 wanted"):
        list(undecided(3, 0, **files))


def test_a_sample_on_which_the_grader_ran_out_of_time_is_paid_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, grade_many = two_each(tmp_path), judged_samples.Grader.grade_many

    def slow_on_eights(grader: judged_samples.Grader, pairs: list[tuple[str, str]]) -> list[str]:
        found = grade_many(grader, pairs)
        return ["timeout" if "8" in answer else one for one, (_, answer) in zip(found, pairs, strict=True)]

    monkeypatch.setattr(judged_samples.Grader, "grade_many", slow_on_eights)
    built = undecided(1, 0, **files)
    assert [row.name for row in built] == ["held"]
    assert sorted(built.tally.dropped.values()) == [
        2,
        3,
    ]  # samples that ran out of time; rows with one reward


def test_what_is_undecided_is_judged_by_the_preset(tmp_path: Path) -> None:
    """Under mathif an unclosed thought is judged as an answer: one that is right and one that is wrong are unlike."""
    files = two_each(tmp_path)
    lines = files["responses"].read_text().replace("for ever, and then", "so \\\\boxed{7}")
    files["responses"].write_text(lines)
    assert "wrong" not in [row.name for row in undecided(2, 0, **files)]
    assert "wrong" in [row.name for row in undecided(3, 0, **files, preset="mathif")]
