"""Real outputs of every form, and what reads, scores or refuses a file of them."""

from pathlib import Path

import pytest

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.score.score import score
from reins.eval.verify.rows import read_rows

DATA = Path(__file__).parent / "data/outputs"
ROWS = DATA / "rows.jsonl"
FILES = sorted(file.name for file in DATA.iterdir() if file.name not in ("rows.jsonl", "README.md"))
# Row and sample, verdicts (no comma, small letters), outcome, state; all files hold the same six generations.
SAMPLES = [
    ("legs-0", 0, [True, True], "right", "closed"),
    ("legs-0", 1, [False, False], "right", "none"),
    ("legs-1", 0, [False, False], "missing", "unclosed"),
    ("legs-1", 1, [True, False], "right", "closed"),  # a bare number has no letters, so no small ones
    ("legs-2", 0, [True, False], "wrong", "none"),
    ("legs-2", 1, [False, False], "missing", "none"),  # cut
]


def scored(file, tmp_path, rows=ROWS):
    return read_jsonl(score(rows, file, tmp_path / "out"))


def refused(file, complaint, rows=ROWS):
    with pytest.raises(InputError, match=complaint) as caught:
        load_responses(file, read_rows(rows))
    assert "\n" not in str(caught.value)


def lines_of(name):
    return read_jsonl(DATA / name)


def completion(text, **more):
    return {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text} | more, "finish_reason": "stop"}
        ]
    }


PROMPTS = [row["question"] for row in read_jsonl(ROWS)]
