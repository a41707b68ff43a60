"""Problems from a file, a folder or a hub id, in the one row schema with the answer taken out.

The field that holds the answer is recognised, never guessed from the text alone: `answer` (GSM8K: what follows the
last `####`), `final_answer` (OlympiadBench, a list), `solution` (MATH and Minerva: the last `\\boxed{…}`). Rows of
MathIF and IFEval come through with their constraints. A record that gives no question or no answer is an error
that names its line: nothing is skipped.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..eval.verify.answers import boxed
from ..eval.verify.errors import InputError
from ..eval.verify.rows import Row, as_row, iter_jsonl, problem_key

QUESTIONS = ("question", "problem")


def read_problems(source: str | Path) -> Iterator[Row]:
    """The problems of a file (.jsonl, .json, .parquet, .csv), of a folder of them, or of a hub set.

    A hub set is `owner/name`, `owner/name:subset` or `owner/name:subset:split` (default split: train), streamed.
    Raises InputError naming file and line, or row, and the fix.
    """
    path = Path(source)
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix in READERS]
        if not files:
            raise InputError(f"{source}: holds no {', '.join(READERS)} file; name a folder that does")
        for file in files:
            yield from _rows(READERS[file.suffix](file), f"{file.parent.name}/{file.stem}")
    elif path.suffix in READERS:
        yield from _rows(READERS[path.suffix](path), f"{path.absolute().parent.name}/{path.stem}")
    elif path.exists():
        raise InputError(f"{source}: unknown kind of file; give one of {', '.join(READERS)}")
    else:
        yield from _rows(_hub(str(source)), str(source).partition(":")[0])


def _rows(records: Iterable[tuple[str, Row]], source: str) -> Iterator[Row]:
    name = source.rpartition("/")[2]
    for index, (where, record) in enumerate(records):
        if "constraint_name" in record or "instruction_id_list" in record:
            yield as_row(record, name, index, where)
        else:
            yield _problem(record, index, where) | {"source": source, "row": f"{name}-{index:06d}"}


def _problem(record: Row, index: int, where: str) -> Row:
    question = _text(record, QUESTIONS, where)
    return {
        "id": str(record.get("id", record.get("unique_id", index))),
        "question": question,
        "answer": _answer(record, where),
        "constraint_name": [],
        "constraint_args": [],
        "constraint_desc": [],
        "problem_id": problem_key(question),
    }


def _text(record: Row, fields: tuple[str, ...], where: str) -> str:
    for field in fields:
        if isinstance(record.get(field), str) and record[field].strip():
            return record[field]
    raise InputError(f"{where}: no text in {' or '.join(fields)}; the record has {', '.join(sorted(record))}")


def _answer(record: Row, where: str) -> str:
    given = record.get("answer", record.get("final_answer"))
    if isinstance(given, list):
        given = ", ".join(map(str, given))
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if given is None and isinstance(record.get("solution"), str):
        given = boxed(record["solution"])
    answer = "" if given is None else str(given).rpartition("####")[2].strip()
    if not answer:
        fields = ", ".join(sorted(record))
        raise InputError(f"{where}: no answer in answer, final_answer or a boxed solution; it has {fields}")
    return answer


def _jsonl(path: Path) -> Iterator[tuple[str, Row]]:
    return ((f"{path}:{line}", record) for line, record in iter_jsonl(path))


def _json(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a file that can be read") from None
    except ValueError as error:
        raise InputError(f"{path}: broken JSON ({error}); give a list of objects") from None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InputError(f"{path}: not a list of objects; give one, or one object a line as .jsonl")
    return ((f"{path}: record {index}", record) for index, record in enumerate(records))


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            for record in reader:
                yield f"{path}:{reader.line_num}", record
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a file that can be read") from None


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
    except (OSError, ArrowException) as error:
        raise InputError(f"{path}: no Parquet file that can be read ({error}); name one") from None
    row = 0
    for batch in file.iter_batches(batch_size=1024):
        for record in batch.to_pylist():
            yield f"{path}: row {row}", record
            row += 1


def _hub(source: str) -> Iterator[tuple[str, Row]]:
    from datasets import load_dataset

    name, subset, split, *_ = [*source.split(":"), "", ""]
    try:
        records: Any = load_dataset(name, subset or None, split=split or "train", streaming=True)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{source}: neither a file here nor a hub set that can be read ({reason})") from None
    return ((f"{source}: row {index}", dict(record)) for index, record in enumerate(records))


READERS: dict[str, Callable[[Path], Iterator[tuple[str, Row]]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}
