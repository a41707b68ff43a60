"""JSON lines: one object a line, read strictly, written whole or not at all."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import writing
from .lines import iter_lines
from .strict_json import parse

Line = dict[str, Any]


def iter_jsonl(path: str | Path, *, gaps: bool = False) -> Iterator[tuple[int, Line]]:
    """Yield (line number from 1, object) for every line that is not blank; with `gaps`, NaN is read as null.

    Raises InputError on a missing file, text that is not UTF-8, a line that is no object, and on what JSON leaves open:
    a key given twice, NaN, nesting without end.
    """
    for number, line in iter_lines(path):
        if line.strip():
            yield number, _object(line, f"{path}:{number}", gaps)


def read_jsonl(path: str | Path) -> list[Line]:
    """All objects of a JSON-lines file; raises as `iter_jsonl`."""
    return [row for _, row in iter_jsonl(path)]


def write_jsonl(path: str | Path, rows: Iterable[Line]) -> int:
    """Write rows one a line and return their number; the file appears whole or not at all.

    Text stays readable; a lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.
    """
    count = 0
    with writing(path) as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _object(line: str, where: str, gaps: bool) -> Line:
    value = parse(line, where, gaps=gaps)
    if not isinstance(value, dict):
        raise InputError(where, f"a {type(value).__name__}, not an object", "write one object a line")
    return value
