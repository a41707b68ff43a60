"""Problems from a file, a folder or a hub id, in the one row schema with the answer taken out.

The field that holds the answer is recognised, never guessed from the text alone: `answer` (GSM8K: what follows the
last `####`), `final_answer` (OlympiadBench, a list), `solution` (MATH and Minerva: the last `\\boxed{…}`). Rows of
MathIF and IFEval come through with their constraints. A record that gives no question or no answer is an error
that names its line: nothing is skipped.
"""

from collections.abc import Iterator
from pathlib import Path

from ..eval.io.errors import InputError
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row, as_row, problem_key
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
QUESTIONS = ("question", "problem")
IDS = ("id", "unique_id", "uuid", "problem_id")


def read_problems(source: str | Path) -> Iterator[Row]:
    """The problems of a file, a folder or a hub set, as `read_records` names them.

    Raises InputError naming file and line, or row, and the fix.
    """
    for record in read_records(source):
        if "constraint_name" in record.fields or "instruction_id_list" in record.fields:
            yield as_row(record.fields, record.name, record.number, record.where)
        else:
            yield _problem(record)


def plain_row(record: Record, question: str, answer: str) -> Row:
    """A row without constraints, named after its record."""
    return Row(
        name=f"{record.name}-{record.number:06d}",
        problem_id=problem_key(question),
        source=record.source,
        id=str(next((record.fields[key] for key in IDS if key in record.fields), record.number)),
        question=question,
        answer=answer,
    )


def _problem(record: Record) -> Row:
    return plain_row(record, _question(record), _answer(record))


def _question(record: Record) -> str:
    for field in QUESTIONS:
        text = record.fields.get(field)
        if isinstance(text, str) and text.strip():
            return text
    fields = ", ".join(sorted(record.fields))
    raise InputError(record.where, f"no text in {' or '.join(QUESTIONS)}", f"the record has {fields}")


def _answer(record: Record) -> str:
    fields = record.fields
    gold = fields.get("answer", fields.get("final_answer"))
    if isinstance(gold, list):
        gold = ", ".join(map(str, gold))
    if isinstance(gold, float) and gold.is_integer():
        gold = int(gold)
    if gold is None and isinstance(fields.get("solution"), str):
        gold = boxed(fields["solution"])
    answer = "" if gold is None else str(gold).rpartition("####")[2].strip()
    if not answer:
        raise InputError(
            record.where,
            "no answer in answer, final_answer or a boxed solution",
            f"it has {', '.join(sorted(fields))}",
        )
    return answer
