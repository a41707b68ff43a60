"""Forty rows of very different lengths, and what reads responses to them: for the tests of generation."""

import json

from reins.eval.io.jsonl import read_jsonl
from reins.eval.verify import split_reasoning

NO_COMMA = "punctuation:no_comma"
TOKENS = 60


def first_closed(text, tag="</think>"):
    """What stands before the tag that first closed a thought, or None; a nested or stray one closes none."""
    ends = [at for at in range(len(text)) if text.startswith(tag, at)]
    return next((text[:at] for at in ends if split_reasoning(text[: at + len(tag)]).state == "closed"), None)


def a_row(index):
    return {
        "source": "test",
        "id": str(index),
        "row": f"test-{index:06d}",
        "problem_id": str(index // 2),
        "question": f"Ann has {index} pens. " * (1 + index * 7 % 11),
        "answer": str(index),
        "constraint_name": [NO_COMMA],
        "constraint_args": [None],
        "constraint_desc": [" do not use commas "],
    }


def write(file, records):
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def read(file):
    return read_jsonl(file)


def keyed(file):
    return {(record["row"], record["sample"]): record for record in read(file)}
