"""Problems from a file, a folder or a hub id, in the one row schema with the answer taken out.

The field that holds the answer is recognised, never guessed from the text alone: `answer` (GSM8K: what follows the
last `####`), `final_answer` (OlympiadBench, a list), `solution` (MATH and Minerva: the last `\\boxed{…}`). Rows of
MathIF and IFEval come through with their constraints. A record that gives no question or no answer is an error
that names its line: nothing is skipped unsaid.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.fields import NAME, shown
from ..eval.io.jsonl import Line
from ..eval.verify.answers import boxed
from ..eval.verify.rows import GAPS, Row, as_row, problem_key
from .conversations import holds_conversation, last_question, said_before
from .readers import Record, read_records

# The published evaluation sets: hub id, subset and split.
BENCHMARKS = {
    "gsm8k": "openai/gsm8k:main:test",  # question, answer (after ####); 1,319 rows
    "math500": "HuggingFaceH4/MATH-500::test",  # problem, solution, answer, subject, level, unique_id; 500
    "aime24": "HuggingFaceH4/aime_2024::train",  # id, problem, solution, answer, url, year; 30
    "aime25": "math-ai/aime25::test",  # problem, answer, id; 30
    "amc23": "zwhe99/amc23::test",  # id, question, answer, url; 40
    "minerva": "zwhe99/simplerl-minerva-math::test",  # problem, solution, answer, type, idx; 272
    "olympiad": "zwhe99/simplerl-OlympiadBench::test",  # question, final_answer (list), id, …; 675
    "mathif": "TingchenFu/MathIF::train",  # MathIF's rows in 15 files; 420
    "ifeval": "google/IFEval::train",  # key, prompt, instruction_id_list, kwargs; 541
    "ifbench": "allenai/IFBench_test::train",  # as IFEval; 300, of which few have constraints of ours
}
UNSAID = ("NA", "-", "--", "—", "?", "??", "TBD", "tbd")  # gaps as people write them; Na is sodium
QUESTIONS = ("question", "problem")
IDS = ("id", "unique_id", "uuid", "problem_id")


def read_problems(source: str | Path, dropped: Counter[str] | None = None) -> Iterator[Row]:
    """The problems of a file, a folder or a hub set, as `read_records` names them.

    Of a conversation the last question; given `dropped`, those that need what was said before are left out and counted
    there, as RL would ask them without it. Raises InputError naming file and line, or row, and the fix.
    """
    for record in read_records(source):
        if "constraint_name" in record.fields or "instruction_id_list" in record.fields:
            _need_json(record)
            yield as_row(record.fields, record.name, record.number, record.where)
        elif dropped is not None and (lost := _lost(record)):
            dropped[lost] += 1
        else:
            yield _problem(record)


def _need_json(record: Record) -> None:
    """Refuse dates, bytes and infinite numbers of tables: rows keep all columns, and are written as JSON."""
    for column, value in record.fields.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise InputError(
                record.where, f"column {column!r} is {shown(value)}, which JSON does not have", "leave it out"
            ) from None


def plain_row(record: Record, question: str, answer: str) -> Row:
    """A row without constraints, named after its record."""
    names = (record.fields[key] for key in IDS if record.fields.get(key) is not None)
    return Row(
        name=f"{record.name}-{record.number:06d}",
        problem_id=problem_key(question),
        source=record.source,
        id=str(next(filter(NAME.holds, names), record.number)),
        question=question,
        answer=answer,
    )


def gold(value: Any, where: str) -> str:
    """A gold answer as a text, empty for a gap: null, a blank text or a list of nothing.

    Takes texts, numbers and lists of them. Raises InputError, opening with `where`, on anything else, and on a gap that
    was written out as a text (`nan`, `None`): it would be graded as an answer.
    """
    if isinstance(value, list):
        parts = [_gold(each, where) for each in value]
        if "" in parts:
            raise InputError(where, f"a gap among the answers {shown(value)}", "give every answer, or none")
        return ", ".join(parts)
    return _gold(value, where)


def _gold(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal) and math.isfinite(value):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return f"{number.to_integral() if number == number.to_integral() else number:f}"
    if not NAME.holds(value):
        raise InputError(where, f"the answer is {shown(value)}", "give a text, a number or a list of them")
    answer = str(value).rpartition("####")[2].strip()
    if answer.casefold() in GAPS or answer in UNSAID:
        raise InputError(where, f"no answer, only a gap written as {answer!r}", "take the record out")
    return answer


def _problem(record: Record) -> Row:
    if column := _choices(record.fields):
        what = f"a question of several choices (column {column!r}): they would not be asked"
        raise InputError(record.where, what, "write them into the question, and its right one as the answer")
    return plain_row(record, _question(record), _answer(record))


def _choices(fields: Line) -> str | None:
    """The column that holds choices beside a question: all of them, or the first of one for each."""
    for column in ("choices", "options"):
        if isinstance(fields.get(column), list | dict | str) and fields[column] and fields[column] != "[]":
            return column
    return "A" if all(fields.get(letter) not in (None, "") for letter in "AB") else None


def _question(record: Record) -> str:
    if text := _column(record):
        return text
    if holds_conversation(record):
        return last_question(record)
    fields = ", ".join(sorted(record.fields))
    raise InputError(record.where, f"no text in {' or '.join(QUESTIONS)}", f"the record has {fields}")


def _column(record: Record) -> str | None:
    """The question where it stands in a column of its own."""
    texts = (record.fields.get(field) for field in QUESTIONS)
    return next(
        (text for text in texts if isinstance(text, str) and text.strip().casefold() not in ("", *GAPS)), None
    )


def _lost(record: Record) -> str | None:
    """What is said before the question, where that is the last of a conversation."""
    return said_before(record) if not _column(record) and holds_conversation(record) else None


def _answer(record: Record) -> str:
    fields = record.fields
    golds = (gold(fields[key], record.where) for key in ("answer", "final_answer") if key in fields)
    answer = next(filter(None, golds), "")
    if not answer and isinstance(fields.get("solution"), str):
        answer = gold(boxed(fields["solution"]), record.where)
    if not answer:
        raise InputError(
            record.where,
            "no answer in answer, final_answer or a boxed solution",
            f"it has {', '.join(sorted(fields))}",
        )
    return answer
