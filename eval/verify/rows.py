"""Rows on disk: one JSON object a line, read strictly and written atomically.

A row of a set holds `source, id, question, answer` and the parallel lists `constraint_name, constraint_args,
constraint_desc` (MathIF's schema, so its files load as they are), plus `row` (unique), `problem_id` (the
cluster) and what a builder adds. IFEval's files (`key, prompt, instruction_id_list, kwargs`) load too.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any

from ..io.errors import InputError
from .constraints.ids import canonical
from .constraints.types import JUDGED

Row = dict[str, Any]

TEXTS = ("source", "id", "question", "answer")
BLANK = re.compile(r"[\s$]+")
LISTS = ("constraint_name", "constraint_args", "constraint_desc")


def iter_jsonl(path: str | Path) -> Iterator[tuple[int, Row]]:
    """Yield (line number from 1, object) for every line that is not blank.

    Raises InputError on a missing file, text that is not UTF-8, broken JSON, or a line that is no object.
    """
    number = 0
    try:
        with open(path, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _object(line, f"{path}:{number}")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a JSON-lines file that can be read") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{number + 1}: not UTF-8 ({error.reason}); save the file as UTF-8") from None


def read_jsonl(path: str | Path) -> list[Row]:
    """All objects of a JSON-lines file; raises as `iter_jsonl`."""
    return [row for _, row in iter_jsonl(path)]


def write_jsonl(path: str | Path, rows: Iterable[Row]) -> int:
    """Write rows one a line and return their number; the file appears whole or not at all.

    Text stays readable; a lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with open(partial, "w", encoding="utf-8", errors="backslashreplace") as out:
            for row in rows:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a set: a JSON-lines file, or a folder of them in name order.

    Rows without `row` are named by file and index (published ids are not unique); rows without `problem_id`
    are clustered by question. Raises InputError naming file, line and fix.
    """
    files = sorted(Path(path).glob("*.jsonl")) if Path(path).is_dir() else [Path(path)]
    rows = [row for file in files for row in _rows_of(file)]
    if not rows:
        raise InputError(f"{path}: holds no rows; name a JSON-lines file, or a folder of them")
    seen: set[str] = set()
    for row in rows:
        if row["row"] in seen:
            raise InputError(f"{path}: row {row['row']!r} comes twice; give every row its own name")
        seen.add(row["row"])
    return rows


def _rows_of(file: Path) -> Iterator[Row]:
    for index, (line, found) in enumerate(iter_jsonl(file)):
        yield as_row(found, file.stem, index, f"{file}:{line}")


def as_row(found: Row, name: str, index: int, where: str) -> Row:
    """A constraint row of any published schema in ours; `name` and `index` name it where it has no `row`.

    Raises InputError, opening with `where`, on a field that is missing or mistyped, lists of different
    length, an unknown constraint or wrong kwargs.
    """
    row = _from_ifeval(found, name, where) if "instruction_id_list" in found else dict(found)
    row.setdefault("row", f"{name}-{index:06d}")
    row.setdefault("problem_id", problem_key(str(row.get("question"))))
    check_row(row, where)
    return row


def problem_key(question: str) -> str:
    """12 hexadecimal digits that name a problem: the same in every set, whatever its case, spaces and dollars."""
    return hashlib.sha256(BLANK.sub("", question.casefold()).encode("utf-8", "replace")).hexdigest()[:12]


def check_row(row: Row, where: str) -> None:
    """Raises InputError, opening with `where`, as `as_row` says."""
    for field in (*TEXTS, "row", "problem_id"):
        _need(row, field, str, where)
    for field in LISTS:
        _need(row, field, list, where)
    lengths = [len(row[field]) for field in LISTS]
    if len(set(lengths)) > 1:
        counted = ", ".join(f"{field} {length}" for field, length in zip(LISTS, lengths, strict=True))
        raise InputError(f"{where}: lists of different length ({counted}); give one entry per constraint")
    for kind, kwargs in zip(row["constraint_name"], row["constraint_args"], strict=True):
        if not isinstance(kind, str) or not isinstance(kwargs, dict | None):
            raise InputError(f"{where}: constraint {kind!r} with {kwargs!r}; give an id and a dict or null")
        try:
            JUDGED[canonical(kind)].read(kwargs)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None


def _from_ifeval(found: Row, name: str, where: str) -> Row:
    """IFEval's prompt already says its constraints, so the descriptions are empty and `prompt` is kept."""
    for field, kind in (("key", int | str), ("prompt", str), ("instruction_id_list", list), ("kwargs", list)):
        _need(found, field, kind, where)
    return {
        "source": "ifeval",
        "id": str(found["key"]),
        "question": found["prompt"],
        "answer": "",
        "constraint_name": found["instruction_id_list"],
        "constraint_args": found["kwargs"],
        "constraint_desc": [""] * len(found["instruction_id_list"]),
        "prompt": found["prompt"],
        "row": f"{name}-{found['key']}",
    }


def _need(row: Row, field: str, kind: type | UnionType, where: str) -> None:
    if field not in row:
        raise InputError(f"{where}: field {field!r} is missing; the row has {', '.join(sorted(row))}")
    if not isinstance(row[field], kind):
        raise InputError(f"{where}: field {field!r} is {row[field]!r:.60}; it must be a {_NAMES[kind]}")


_NAMES: dict[Any, str] = {str: "text", list: "list", int | str: "number or text"}


def _object(line: str, where: str) -> Row:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: broken JSON ({error}); write one object a line") from None
    if not isinstance(found, dict):
        raise InputError(f"{where}: a {type(found).__name__}, not an object; write one object a line")
    return found
