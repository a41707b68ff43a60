"""Long chain-of-thought traces of real models as SFT rows, from a file or a hub id.

Two published schemas are read: OpenR1-Math's (`problem, answer, generations[], correctness_math_verify[]`) and
thought-anchors' (`problem{...}, solution` with the prompt inside). A trace is kept when its reasoning is closed and,
where the source says whether the answer is right, when it is right: MathIF drops wrong ones too (appendix D).
"""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..eval.verify import split_reasoning
from ..eval.verify.errors import InputError
from ..eval.verify.rows import read_jsonl

Row = dict[str, Any]
SHUFFLE_BUFFER = 10_000


def _records(source: str, seed: int) -> Iterable[Row]:
    """In an order drawn from the seed; a hub set is streamed, so its size does not matter."""
    if Path(source).exists():
        records = read_jsonl(source)
        random.Random(seed).shuffle(records)
        return records
    from datasets import load_dataset

    return load_dataset(source, split="train", streaming=True).shuffle(seed, buffer_size=SHUFFLE_BUFFER)


def _openr1(record: Row) -> tuple[str, str, str] | None:
    """(question, answer, response) of the first right and finished generation."""
    for text, right in zip(record["generations"], record["correctness_math_verify"], strict=True):
        if right:
            return record["problem"], record["answer"], text
    return None


def _thought_anchors(record: Row) -> tuple[str, str, str] | None:
    if not record.get("is_correct", True):
        return None
    problem = record["problem"]
    _, tag, thought = record["solution"].partition("<think>")
    question = problem["problem"] if "problem" in problem else problem["question"]
    return question, problem.get("gt_answer", ""), tag + thought


def _read(record: Row, source: str) -> tuple[str, str, str] | None:
    if "generations" in record:
        return _openr1(record)
    if isinstance(record.get("problem"), dict) and "solution" in record:
        return _thought_anchors(record)
    raise InputError(
        f"{source}: fields {sorted(record)} are no trace schema; see data_builders/long_traces.py"
    )


def long_traces(rows: int, seed: int, *, source: str) -> Iterator[Row]:
    """The first `rows` usable traces of the source in an order drawn from the seed.

    Raises `InputError` when the source's fields are unknown or too few traces are closed and right.
    """
    kept = 0
    for record in _records(source, seed):
        found = _read(record, source)
        if found is None or split_reasoning(found[2]).state != "closed":
            continue
        question, answer, response = found
        name = f"trace-{kept:06d}"
        yield {
            "source": source if not Path(source).exists() else Path(source).name,
            "id": str(record.get("problem_id", record.get("uuid", name))),
            "question": question,
            "answer": answer,
            "constraint_name": [],
            "constraint_args": [],
            "constraint_desc": [],
            "row": name,
            "problem_id": str(record.get("problem_id", record.get("uuid", name))),
            "feasible": True,
            "why_not": None,
            "witness": None,
            "split": "train",
            "response": response,
        }
        kept += 1
        if kept == rows:
            return
    raise InputError(f"{source}: {kept} closed and right traces, {rows} wanted: ask for fewer rows")
