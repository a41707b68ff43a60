"""The base's own answers become SFT rows: whole ones only, in the order of the problems."""

import pytest

from reins.data_builders import BUILDERS, judged_samples
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
    with pytest.raises(InputError, match="2 of 3 rows have whole responses; 3 wanted"):
        list(build(rows=3, seed=0, source_rows=rows, responses=responses))


def test_only_verified_answers_are_kept_and_the_card_says_how_many_are_not(tmp_path):
    asked = list(BUILDERS["micro.composites"](rows=4, seed=0))
    good = [row.response for row in asked]
    wrong = [text.replace(row.answer, "99") for text, row in zip(good, asked, strict=True)]
    samples = {
        0: [wrong[0], good[0]],
        1: [f"<think>\n1 + 1 = 2\n</think>\n\n{good[1]}", good[1]],
        2: [wrong[2], "I do not know."],
        3: [good[3]],
    }
    rows, responses = tmp_path / "rows.jsonl", tmp_path / "responses.jsonl"
    write_jsonl(rows, (row.line() for row in asked))
    lines = [
        {"row": asked[i].name, "sample": n, "text": text, "cut": False}
        for i, texts in samples.items()
        for n, text in enumerate(texts)
    ]
    write_jsonl(responses, lines)

    def kept(count, *keep):
        built = build(rows=count, seed=0, source_rows=rows, responses=responses, keep=list(keep))
        return {row.name: row.response for row in built}, built.tally

    verified, tally = kept(3, "right", "held")
    assert verified == {asked[0].name: good[0], asked[1].name: samples[1][0], asked[3].name: good[3]}
    assert tally.read.total() == 4 and list(tally.dropped.values()) == [1]
    assert kept(1, "right", "held", "thought")[0] == {asked[1].name: samples[1][0]}
    assert kept(2, "right", "held", "no_thought")[0] == {asked[0].name: good[0], asked[1].name: good[1]}
    with pytest.raises(
        InputError, match="3 of 4 rows have whole responses, a right answer, all constraints held; 4"
    ):
        kept(4, "right", "held")


def _one_sample_each(folder, texts):
    """Files of problems with one sample each."""
    asked = list(BUILDERS["micro.composites"](rows=len(texts), seed=0))
    rows, responses = folder / "rows.jsonl", folder / "responses.jsonl"
    write_jsonl(rows, (row.line() for row in asked))
    write_jsonl(responses, [
        {"row": row.name, "sample": 0, "text": text(row), "cut": False}
        for row, text in zip(asked, texts, strict=True)
    ])  # fmt: skip
    return {"source_rows": rows, "responses": responses}


def test_a_grader_that_ran_out_of_time_is_counted_apart(tmp_path, monkeypatch):
    files = _one_sample_each(tmp_path, [lambda row: row.response, lambda row: "No."])
    monkeypatch.setattr(judged_samples.Grader, "grade_many", lambda self, pairs: ["timeout"] * len(pairs))
    built = build(rows=1, seed=0, **files, keep=["right", "held"])
    with pytest.raises(InputError, match="0 of 2 rows"):
        list(built)
    assert [(count, "ran out of time" in what) for what, count in built.tally.dropped.items()] == [
        (1, False),
        (1, True),
    ]


def test_what_is_kept_is_judged_by_the_preset(tmp_path):
    """Under mathif an unclosed thought is judged as an answer."""
    files = _one_sample_each(tmp_path, [lambda row: f"<think>\nso {row.response}"])
    with pytest.raises(InputError, match="0 of 1 rows"):
        list(build(rows=1, seed=0, **files, keep=["right"]))
    assert len(list(build(rows=1, seed=0, **files, keep=["right"], preset="mathif"))) == 1
