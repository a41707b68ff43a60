"""ComplexBench (arXiv 2407.03978, `data_final.json`) as rows: instructions with the questions that score a response.

Nothing of it is asked without its constraints, which stand in the instruction itself; `eval/score/complexbench.py` scores
the responses.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Literal

from ..eval.io.errors import InputError
from ..eval.io.fields import COUNT, OBJECT, TEXT, list_of
from ..eval.verify.rows import Row
from .draw import Built, Tally
from .problems import plain_row
from .readers import Record, read_records

KEPT = ("category", "task_types", "group")
QUESTIONS = list_of(OBJECT, "objects")
POINT = ("point_id", "rule", "constraint_dimensions", "composition_types", "dep")


def complexbench(rows: int, seed: int, *, source: str, language: Literal["en", "zh"] = "en") -> Built:
    """The first `rows` instructions of a file or hub id; `seed` has nothing to draw.

    Each row keeps `category, task_types, group` and `scoring_questions` `{point_id, question, rule,
    constraint_dimensions, composition_types, dep}`. Raises InputError on a missing column, a dependency on a
    question that is not there, or fewer rows.
    """
    tally = Tally()
    return Built(_rows(rows, source, "_en" if language == "en" else "", tally), tally)


def _rows(rows: int, source: str, suffix: str, tally: Tally) -> Iterator[Row]:
    for record in islice(read_records(source), rows):
        tally.read[record.source] += 1
        yield _row(record, suffix)
    if tally.read.total() < rows:
        raise InputError(source, f"{tally.read.total()} instructions, {rows} wanted", "ask for fewer")


def _row(record: Record, suffix: str) -> Row:
    text = f"instruction{suffix}"
    record.need("main_id", text, "scoring_questions")
    name, instruction = record.of("main_id", COUNT), record.of(text, TEXT)
    points = record.of("scoring_questions", QUESTIONS)
    scoring = [
        dict(zip(POINT, part.need(*POINT), strict=True)) | {"question": part.need(f"question{suffix}")[0]}
        for part in (record._replace(fields=point) for point in points)
    ]
    known = [point["point_id"] for point in scoring]
    for point in scoring:
        if not isinstance(point["dep"], list) or not all(each in known for each in point["dep"]):
            raise InputError(
                record.where,
                f"question {point['point_id']} depends on {point['dep']}, some of them not there",
                "give every question that another depends on",
            )
    kept = dict(zip(KEPT, record.need(*KEPT), strict=True))
    row = plain_row(record, instruction, "").adding(**kept, split="test", scoring_questions=scoring)
    return replace(row, source="complexbench", id=str(name), name=f"complexbench-{name:06d}")
