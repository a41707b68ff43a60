"""JSON lines: one object a line, read strictly, written whole or not at all."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import writing

Line = dict[str, Any]


def iter_jsonl(path: str | Path) -> Iterator[tuple[int, Line]]:
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
        raise InputError(path, f"{error.strerror}", "name a JSON-lines file that can be read") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}:{number + 1}", f"not UTF-8 ({error.reason})", "save the file as UTF-8"
        ) from None


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


def _object(line: str, where: str) -> Line:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(where, f"broken JSON ({error})", "write one object a line") from None
    if not isinstance(found, dict):
        raise InputError(where, f"a {type(found).__name__}, not an object", "write one object a line")
    return found
