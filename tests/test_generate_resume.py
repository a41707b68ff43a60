"""Responses that are there: gone on with after a kill, left where finished, and never mixed or overwritten."""

import shutil

import pytest
from small_rows import TOKENS, keyed

from reins.eval.io.errors import InputError
from reins.eval.sample.generate import generate


def test_a_killed_run_ends_in_the_same_bytes(tiny, rows, tmp_path):
    """As left by a kill in the middle of a write: some samples, out of order, and half a line."""
    whole = generate(tiny, rows, tmp_path / "whole", samples=3, max_new_tokens=TOKENS)
    lines = whole.read_bytes().splitlines(keepends=True)
    killed = tmp_path / "killed"
    killed.mkdir()
    shutil.copy(whole.parent / "generation.json", killed)
    (killed / "responses.partial-0.jsonl").write_bytes(b"".join(lines[70:30:-1]) + lines[5][:40])
    (killed / "responses.partial-1.jsonl").write_bytes(b"".join(lines[100:110]))
    assert generate(tiny, rows, killed, samples=3, max_new_tokens=TOKENS).read_bytes() == whole.read_bytes()
    assert not list(killed.glob("*partial*"))


def test_finished_work_is_left_and_other_settings_are_not_mixed(tiny, rows, tmp_path):
    asked = {"samples": 2, "max_new_tokens": 20}
    out = generate(tiny, rows, tmp_path, **asked)
    before = out.stat().st_mtime_ns, out.read_bytes()
    generate(tiny, rows, tmp_path, **asked, batch_size=16)
    assert out.stat().st_mtime_ns == before[0]
    with pytest.raises(
        InputError, match=r"responses.jsonl: made with other settings \(seed 0, now 1\); give"
    ):
        generate(tiny, rows, tmp_path, **asked, seed=1)
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    generate(tiny, rows, tmp_path, **asked, seed=1, ours=True)
    other = out.read_bytes()
    assert other != before[1]
    generate(tiny, rows, tmp_path, **asked, ours=True)
    assert out.read_bytes() == before[1]
    assert keyed(out).keys() == {(f"test-{i:06d}", s) for i in range(40) for s in range(2)}


@pytest.mark.parametrize("note", [None, "", "\0" * 40, "[]"])
def test_responses_of_somebody_else_are_never_touched(tiny, rows, tmp_path, note):
    theirs = [
        tmp_path / name
        for name in ("responses_gpt4.jsonl", "responses-human.jsonl", "responses.partial-x.jsonl")
    ]
    for file in theirs:
        file.write_text("precious")
    made = generate(tiny, rows, tmp_path, samples=1, max_new_tokens=4)
    assert [file.read_text() for file in theirs] == ["precious"] * 3
    made.write_text("precious")
    (tmp_path / "generation.json").unlink() if note is None else (tmp_path / "generation.json").write_text(
        note
    )
    with pytest.raises(InputError, match="responses without a generation.json that says how they were made"):
        generate(tiny, rows, tmp_path, samples=1, max_new_tokens=4)
    assert made.read_text() == "precious"


def test_half_written_responses_end_where_they_can_be_read(tiny, rows, tmp_path):
    """A power cut can leave zeros where a line should be."""
    whole = generate(tiny, rows, tmp_path / "whole", samples=1, max_new_tokens=4)
    (cut := tmp_path / "cut").mkdir()
    shutil.copy(whole.parent / "generation.json", cut)
    lines = whole.read_bytes().splitlines(keepends=True)
    (cut / "responses.partial-0.jsonl").write_bytes(lines[0] + b"\0" * 50 + b"\n" + lines[1])
    assert generate(tiny, rows, cut, samples=1, max_new_tokens=4).read_bytes() == whole.read_bytes()
