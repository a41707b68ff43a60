"""The base's own answers become SFT rows: whole ones only, in the order of the problems."""

import pytest

from reins.data_builders import BUILDERS
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import write_jsonl

build = BUILDERS["own_answers"]


def test_cut_and_empty_answers_are_passed_over(tmp_path):
    problems = list(BUILDERS["micro.problems"](rows=3, seed=0))
    samples = [
        ("\\boxed{1", True),
        ("\\boxed{1}", False),
        ("", False),
        ("\\boxed{2}", False),
        ("", False),
        ("", False),
    ]
    rows, responses = tmp_path / "rows.jsonl", tmp_path / "responses.jsonl"
    write_jsonl(rows, (row.line() for row in problems))
    write_jsonl(responses, [
        {"row": problems[i // 2].name, "sample": i % 2, "text": text, "cut": cut}
        for i, (text, cut) in enumerate(samples)
    ])  # fmt: skip
    found = list(build(rows=2, seed=0, source_rows=rows, responses=responses))
    assert [row.response for row in found] == ["\\boxed{1}", "\\boxed{2}"]
    assert [row.name for row in found] == [row.name for row in problems[:2]]
    with pytest.raises(InputError, match="2 whole responses, 3 wanted"):
        list(build(rows=3, seed=0, source_rows=rows, responses=responses))
