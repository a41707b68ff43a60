"""The lines of a file of outputs, whatever holds them: JSON lines, one JSON document, a parquet table, a zip."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ...io.errors import InputError
from ...io.fields import OBJECT, need
from ...io.jsonl import Line, iter_jsonl
from ...io.lines import iter_lines, read_text
from ...io.strict_json import parse
from ...verify.responses import NEEDED
from .inspect_logs import json_log_lines, zip_lines
from .record import Lines

ZIP, PARQUET = b"PK\x03\x04", b"PAR1"  # what such files begin with
WHOLE = "give a file that is whole"


def read_lines(file: str | Path) -> Lines:
    """The objects in a file, each with its place; an Inspect log's are its samples.

    Raises InputError on a file that cannot be opened, is broken or holds none.
    """
    begins = _first_bytes(file)
    if begins == ZIP:
        lines = zip_lines(file)
    elif begins == PARQUET:
        lines = list(_parquet(file))
    elif _is_document(file):
        lines = _document(file, parse(read_text(file), file, WHOLE, gaps=True))
    else:
        lines = [(f"{file}:{number}", line) for number, line in iter_jsonl(file, gaps=not _is_ours(file))]
    if len(lines) == 1 and {"eval", "samples"} <= lines[0][1].keys():
        lines = json_log_lines(file, lines[0][1])
    if not lines:
        raise InputError(file, "holds no responses", "generate them first")
    return lines


def _is_ours(file: str | Path) -> bool:
    """Whether the file is of our own sampling, which never writes NaN; others write it for a metric without value."""
    return any(set(NEEDED) <= first.keys() for _, first in islice(iter_jsonl(file, gaps=True), 1))


def _first_bytes(file: str | Path) -> bytes:
    try:
        if Path(file).exists() and not Path(file).is_file():
            raise InputError(file, "no regular file", "name a file: what a pipe gives can be read only once")
        with open(file, "rb") as content:
            return content.read(4)
    except OSError as error:
        raise InputError(file, f"{error.strerror}", "name a file that can be read") from None


def _is_document(file: str | Path) -> bool:
    """Whether the first line is not an object by itself, but begins a list or an object of many lines."""
    first = next((line.strip() for _, line in iter_lines(file) if line.strip()), "")
    return first == "{" or first.startswith("[")


def _document(file: str | Path, content: object) -> Lines:
    each = content if isinstance(content, list) else [content]
    return [
        (f"{file}: entry {number}", need({"entry": entry}, "entry", OBJECT, f"{file}: entry {number}"))
        for number, entry in enumerate(each, 1)
    ]


def _parquet(file: str | Path) -> Iterator[tuple[str, Line]]:
    from pyarrow import (
        ArrowException,
        parquet,  # slow to import, and most files are none
    )

    try:
        with parquet.ParquetFile(file) as table:
            rows = [row for batch in table.iter_batches() for row in batch.to_pylist()]
    except (ArrowException, OSError) as error:
        raise InputError(file, f"no parquet file that can be read ({error!s:.80})", WHOLE) from None
    for number, row in enumerate(rows, 1):
        yield f"{file}: row {number}", row
