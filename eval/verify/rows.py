"""Rows on disk: one JSON object a line, read strictly and written atomically.

A row of a set holds `source, id, question, answer` and the parallel lists `constraint_name, constraint_args,
constraint_desc` (MathIF's schema, so its files load as they are), plus `row` (unique), `problem_id` (the
cluster) and what a builder adds. IFEval's files (`key, prompt, instruction_id_list, kwargs`) load too.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Any

from ..io.errors import InputError
from ..io.jsonl import iter_jsonl
from .constraints.ids import canonical
from .constraints.types import JUDGED

Row = dict[str, Any]

TEXTS = ("source", "id", "question", "answer")
BLANK = re.compile(r"[\s$]+")
LISTS = ("constraint_name", "constraint_args", "constraint_desc")


Files = str | Path | Sequence[str | Path]


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a set: a JSON-lines file, or a folder of them in name order.

    Rows without `row` are named by file and index (published ids are not unique); rows without `problem_id`
    are clustered by question. Raises InputError naming file, line and fix.
    """
    files = sorted(Path(path).glob("*.jsonl")) if Path(path).is_dir() else [Path(path)]
    rows = [row for file in files for row in _rows_of(file)]
    if not rows:
        raise InputError(path, "holds no rows", "name a JSON-lines file, or a folder of them")
    seen: set[str] = set()
    for row in rows:
        if row["row"] in seen:
            raise InputError(path, f"row {row['row']!r} comes twice", "give every row its own name")
        seen.add(row["row"])
    return rows


def load_rows(files: Files) -> list[Row]:
    """The rows of one file or folder, or of several in the order given.

    Raises InputError as `read_rows`, and when two files hold the same row.
    """
    if isinstance(files, str | Path):
        return read_rows(files)
    rows = [row for file in files for row in read_rows(file)]
    name, times = Counter(row["row"] for row in rows).most_common(1)[0]
    if times > 1:
        raise InputError(", ".join(map(str, files)), f"row {name!r} comes twice", "name each file once")
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
        raise InputError(where, f"lists of different length ({counted})", "give one entry per constraint")
    for kind, kwargs in zip(row["constraint_name"], row["constraint_args"], strict=True):
        if not isinstance(kind, str) or not isinstance(kwargs, dict | None):
            raise InputError(where, f"constraint {kind!r} with {kwargs!r}", "give an id and a dict or null")
        try:
            JUDGED[canonical(kind)].read(kwargs)
        except InputError as error:
            raise error.within(where) from None


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
        raise InputError(where, f"field {field!r} is missing", f"the row has {', '.join(sorted(row))}")
    if not isinstance(row[field], kind):
        raise InputError(where, f"field {field!r} is {row[field]!r:.60}", f"it must be a {_NAMES[kind]}")


_NAMES: dict[Any, str] = {str: "text", list: "list", int | str: "number or text"}
