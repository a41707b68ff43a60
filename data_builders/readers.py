"""Records as they were published, from a file, a folder of files or the hub: the one place that opens any of them."""

import csv
import math
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..eval.io.errors import InputError
from ..eval.io.fields import Kind, shown
from ..eval.io.jsonl import Line, iter_jsonl
from ..eval.io.lines import iter_lines, read_text
from ..eval.io.strict_json import parse

SHUFFLE_BUFFER = 2_000
LARGEST_FIELD = 2**31 - 1  # of a CSV file; the csv module's own limit is 131,072


class Record(NamedTuple):
    """One record: its fields, the place that errors name, its source, and how a row made of it is named."""

    fields: Line
    where: str
    source: str
    name: str
    number: int

    def need(self, *columns: str) -> list[Any]:
        """The values of columns; raises InputError naming the one that is missing."""
        for column in columns:
            if column not in self.fields:
                raise InputError(
                    self.where,
                    f"no column {column!r}",
                    f"the record has {', '.join(sorted(self.fields))}",
                )
        return [self.fields[column] for column in columns]

    def of(self, column: str, kind: Kind) -> Any:
        """The value of a column; raises InputError where it is missing or of another type."""
        (value,) = self.need(column)
        if not kind.holds(value):
            raise InputError(self.where, f"column {column!r} is {shown(value)}", f"give {kind.said}")
        return int(value) if kind.whole else value


def read_records(source: str | Path, *, seed: int | None = None) -> Iterator[Record]:
    """The records of a file (.jsonl, .json, .parquet, .csv), of a folder of them, or of a hub set.

    A hub set is `owner/name`, `owner/name:subset` or `owner/name:subset:split` (default split: train), streamed.
    With a seed they come in an order drawn from it: files whole, a hub set by shards and within a buffer.
    Raises InputError naming file and line, or row, and the fix.
    """
    path = Path(source)
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix in READERS]
        if not files:
            raise InputError(source, f"holds no {', '.join(READERS)} file", "name a folder that does")
    elif path.suffix in READERS:
        files = [path.absolute()]
    elif path.exists():
        raise InputError(source, "unknown kind of file", f"give one of {', '.join(READERS)}")
    else:
        return _hub(str(source), seed)
    return _ordered((record for file in files for record in _file(file)), seed)


def _file(path: Path) -> Iterator[Record]:
    index = -1
    for index, (where, fields) in enumerate(READERS[path.suffix](path)):
        yield Record(fields, where, f"{path.parent.name}/{path.stem}", path.stem, index)
    if index < 0:
        raise InputError(path, "holds no records", "give a file that does")


def _ordered(records: Iterable[Record], seed: int | None) -> Iterator[Record]:
    if seed is None:
        return iter(records)
    drawn = list(records)
    random.Random(seed).shuffle(drawn)
    return iter(drawn)


def _hub(source: str, seed: int | None) -> Iterator[Record]:
    """Files of JSON lines are read as files: `datasets` wants the same columns, also inside kwargs, in all."""
    from datasets import load_dataset_builder

    name, subset, split, *_ = [*source.split(":"), "", ""]
    split = split or "train"
    try:
        builder = load_dataset_builder(name, subset or None)
        files = [str(file) for file in (builder.config.data_files or {}).get(split, [])]
        if files and all(file.endswith(".jsonl") for file in files):
            return _ordered(_hub_lines(name, files), seed)
        stream = builder.as_streaming_dataset(split=split)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            source, f"neither a file here nor a hub set that can be read ({reason})", "name one of them"
        ) from None
    rows: Any = stream if seed is None else stream.shuffle(seed, buffer_size=SHUFFLE_BUFFER)
    short = name.rpartition("/")[2]
    return (
        Record(_without_nan(dict(row)), f"{source}: row {index}", name, short, index)
        for index, row in enumerate(_streamed(source, rows))
    )


def _streamed(source: str, rows: Iterable[Any]) -> Iterator[Any]:
    """The rows of a stream, whose files may be broken or differ in their columns."""
    stream, index = iter(rows), 0
    while True:
        try:
            row = next(stream)
        except StopIteration:
            return
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"{source}: row {index}", f"cannot be read ({reason})", "name files of it"
            ) from None
        yield row
        index += 1


def _hub_lines(source: str, files: list[str]) -> Iterator[Record]:
    from datasets import DownloadManager

    for file in files:
        stem = Path(file).stem
        for index, (line, fields) in enumerate(iter_jsonl(str(DownloadManager().download(file)))):
            yield Record(fields, f"{source}/{stem}.jsonl:{line}", source, stem, index)


def _jsonl(path: Path) -> Iterator[tuple[str, Line]]:
    return ((f"{path}:{line}", record) for line, record in iter_jsonl(path))


def _json(path: Path) -> Iterator[tuple[str, Line]]:
    records = parse(
        read_text(path), path, "give a list of objects; a file of one object a line is named .jsonl"
    )
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InputError(path, "not a list of objects", "give one, or one object a line as .jsonl")
    return ((f"{path}: record {index}", record) for index, record in enumerate(records))


def _csv(path: Path) -> Iterator[tuple[str, Line]]:
    """Records of a table with its columns in the first line; a row with more or fewer fields is refused."""
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader((line for _, line in iter_lines(path, newline="")), strict=True)
    columns: list[str] = []
    try:
        for fields in filter(None, reader):
            where = f"{path}:{reader.line_num}"
            if not columns:
                columns = _columns(fields, where)
                continue
            if len(fields) != len(columns):
                raise InputError(
                    where,
                    f"{len(fields)} fields for {len(columns)} columns",
                    "put fields that hold commas, quotes or line breaks in double quotes",
                )
            yield where, dict(zip(columns, fields, strict=True))
    except csv.Error as error:
        raise InputError(
            f"{path}:{reader.line_num}", f"no CSV ({error})", "quote its fields as CSV does"
        ) from None


def _columns(fields: list[str], where: str) -> list[str]:
    if twice := [name for name in fields if fields.count(name) > 1]:
        raise InputError(where, f"column {twice[0]!r} comes twice", "give every column its own name")
    return fields


def _parquet(path: Path) -> Iterator[tuple[str, Line]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    row = 0
    try:
        for batch in ParquetFile(path).iter_batches(batch_size=1024):
            for record in batch.to_pylist():
                yield f"{path}: row {row}", _without_nan(record)
                row += 1
    except (OSError, ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(path, f"no Parquet file that can be read ({reason})", "name one") from None


def _without_nan(value: Any) -> Any:
    """The same with null for NaN: tables write a gap in a column of numbers so."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


READERS: dict[str, Callable[[Path], Iterator[tuple[str, Line]]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}
