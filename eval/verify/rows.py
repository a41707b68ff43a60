"""Rows: what is asked, what answers it, and the constraints on the answer; read strictly from JSON lines.

A line of a set holds `source, id, question, answer` and the parallel lists `constraint_name, constraint_args,
constraint_desc` (MathIF's schema, so its files load as they are), plus `row` (unique), `problem_id` (the
cluster) and what a builder adds. IFEval's files (`key, prompt, instruction_id_list, kwargs`) load too.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..io.errors import InputError
from ..io.fields import LIST, NAME, TEXT, may, need
from ..io.jsonl import Line, iter_jsonl
from .constraints.constraint import Constraint

TEXTS = ("source", "id", "question", "answer", "row", "problem_id")
LISTS = ("constraint_name", "constraint_args", "constraint_desc")
GAPS = ("nan", "none", "null", "<na>", "n/a", "#n/a", "nat")  # as tables and `str` write what is not there
BLANK = re.compile(r"[\s$]+")

Files = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Row:
    """A question and its constraints. `name` (files say `row`) is unique in a set, `problem_id` its cluster.

    `answer` is the gold answer, empty where there is none; `extra` is what a builder adds, kept as it is.
    """

    name: str
    problem_id: str
    source: str
    id: str
    question: str
    answer: str
    constraints: list[Constraint] = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> str | None:
        """What supervised training learns to reply, where a builder has given it."""
        return self.extra.get("response")

    def adding(self, **fields: Any) -> "Row":
        """The row with these fields in `extra`."""
        return replace(self, extra={**self.extra, **fields})

    def line(self) -> Line:
        """The row as files hold it."""
        return {
            "source": self.source,
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "constraint_name": [constraint.id for constraint in self.constraints],
            "constraint_args": [dict(constraint.kwargs) for constraint in self.constraints],
            "constraint_desc": [constraint.description for constraint in self.constraints],
            "row": self.name,
            "problem_id": self.problem_id,
            **self.extra,
        }


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a set: a JSON-lines file, or a folder of them in name order.

    Rows without `row` are named by file and index (published ids are not unique); rows without `problem_id`
    are clustered by question. Raises InputError naming file, line and fix.
    """
    rows = list(iter_rows(path))
    if not rows:
        raise InputError(path, "holds no rows", "name a JSON-lines file, or a folder of them")
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            raise InputError(path, f"row {row.name!r} comes twice", "give every row its own name")
        seen.add(row.name)
    return rows


def load_rows(files: Files) -> list[Row]:
    """The rows of one file or folder, or of several in the order given.

    Raises InputError as `read_rows`, and when two files hold the same row.
    """
    if isinstance(files, str | Path):
        return read_rows(files)
    rows = [row for file in files for row in read_rows(file)]
    name, times = Counter(row.name for row in rows).most_common(1)[0]
    if times > 1:
        raise InputError(
            ", ".join(map(str, files)),
            f"row {name!r} comes twice",
            "name each file once, or give rows their own `row`",
        )
    return rows


def iter_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a file or folder one by one, for those who need only the first; raises as `read_rows`."""
    files = sorted(Path(path).glob("*.jsonl")) if Path(path).is_dir() else [Path(path)]
    for file in files:
        for index, (number, line) in enumerate(iter_jsonl(file)):
            yield as_row(line, file.stem, index, f"{file}:{number}")


def as_row(line: Line, name: str, index: int, where: str) -> Row:
    """A record of any published schema as a row; `name` and `index` name it where it has no `row`.

    Raises InputError, opening with `where`, on a field that is missing or mistyped, lists of different
    length, an unknown constraint or wrong kwargs.
    """
    fields = _from_ifeval(line, name, where) if "instruction_id_list" in line else dict(line)
    fields.setdefault("row", f"{name}-{index:06d}")
    fields.setdefault("problem_id", problem_key(str(fields.get("question"))))
    for key in TEXTS:
        need(fields, key, TEXT, where)
    for key in ("response", "split"):
        may(fields, key, TEXT, where)
    if fields["answer"].strip().casefold() in GAPS:
        what = f"the answer is a gap written as {fields['answer']!r}"
        raise InputError(where, what, "leave it empty where there is none")
    return Row(
        name=fields["row"],
        problem_id=fields["problem_id"],
        source=fields["source"],
        id=fields["id"],
        question=fields["question"],
        answer=fields["answer"] if fields["answer"].strip() else "",
        constraints=_constraints(fields, where),
        extra={key: value for key, value in fields.items() if key not in (*TEXTS, *LISTS)},
    )


def rows_hash(rows: Iterable[Row]) -> str:
    """SHA-256, in hexadecimal digits, of all that the rows say, in their order."""
    return hashlib.sha256(json.dumps([row.line() for row in rows]).encode()).hexdigest()


def problem_key(question: str) -> str:
    """12 hexadecimal digits that name a problem: the same in every set, whatever its case, spaces and dollars."""
    return hashlib.sha256(BLANK.sub("", question.casefold()).encode("utf-8", "replace")).hexdigest()[:12]


def _constraints(fields: Line, where: str) -> list[Constraint]:
    for key in LISTS:
        need(fields, key, LIST, where)
    lengths = [len(fields[key]) for key in LISTS]
    if len(set(lengths)) > 1:
        counted = ", ".join(f"{key} {length}" for key, length in zip(LISTS, lengths, strict=True))
        raise InputError(where, f"lists of different length ({counted})", "give one entry per constraint")
    names, kwargs, descriptions = (fields[key] for key in LISTS)
    return [_constraint(*parts, where) for parts in zip(names, kwargs, descriptions, strict=True)]


def _constraint(name: Any, kwargs: Any, description: Any, where: str) -> Constraint:
    if not isinstance(name, str) or not isinstance(kwargs, dict | None):
        raise InputError(where, f"constraint {name!r} with {kwargs!r}", "give an id and a dict or null")
    if not isinstance(description, str):
        raise InputError(where, f"constraint {name!r} described by {description!r:.60}", "give a text")
    try:
        return Constraint.read(name, kwargs, description)
    except InputError as error:
        raise error.within(where) from None


def _from_ifeval(line: Line, name: str, where: str) -> Line:
    """IFEval's prompt already says its constraints, so the descriptions are empty and `prompt` is kept."""
    for key, kind in (("key", NAME), ("prompt", TEXT), ("instruction_id_list", LIST), ("kwargs", LIST)):
        need(line, key, kind, where)
    return {
        "source": "ifeval",
        "id": str(line["key"]),
        "question": line["prompt"],
        "answer": "",
        "constraint_name": line["instruction_id_list"],
        "constraint_args": line["kwargs"],
        "constraint_desc": [""] * len(line["instruction_id_list"]),
        "prompt": line["prompt"],
        "row": f"{name}-{line['key']}",
    }
