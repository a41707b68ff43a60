"""Inspect's logs: `.eval`, a zip with a JSON file for every sample, or all of it as one JSON file.

A sample is `{id, epoch, input, output: {choices: [{message, stop_reason}], usage}}`; epochs are the samples of a row.
Logs of today are zips compressed by zstandard, which Python reads from 3.14 on: Arrow's decoder stands in.
"""

import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from ...io.errors import InputError
from ...io.fields import COUNT, LIST, NAME, OBJECT, may, need
from ...io.jsonl import Line
from ...io.strict_json import parse
from .chat import completed, user_turn
from .record import Generation, Lines, Record, listed, row_said

ZSTANDARD = 93
HEADER = 30  # bytes of a zip member before its name
KEPT = ("id", "epoch", "input", "output", "error", "limit")  # of a sample, whose events are most of it
WHOLE = "give a whole log, as Inspect writes it"


def zip_lines(file: str | Path) -> Lines:
    """The samples of an `.eval`; raises InputError on a zip that is no whole log."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [each for each in archive.infolist() if _is_sample(each.filename)]
            samples = [(f"{file}: {each.filename}", _content(archive, each, file)) for each in members]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError) as error:
        raise InputError(file, f"a zip that cannot be read ({error!s:.80})", WHOLE) from None
    if not samples:
        raise InputError(file, "a zip without samples of an Inspect log", WHOLE)
    (name, times), *_ = Counter(each.filename for each in members).most_common(1)
    if times > 1:
        raise InputError(file, f"a zip that holds {name} twice", WHOLE)
    return [
        (where, _kept(parse(content.decode("utf-8", "replace"), where, WHOLE, gaps=True), where))
        for where, content in samples
    ]


def json_log_lines(file: str | Path, log: Line) -> Lines:
    """The samples of a log that is one JSON document; raises InputError where it has none."""
    samples = may(log, "samples", LIST, file)
    if not samples:
        raise InputError(file, "a log without samples", "let Inspect log them")
    places = [f"{file}: sample {number}" for number in range(1, len(samples) + 1)]
    return [(where, _kept(each, where)) for where, each in zip(places, samples, strict=True)]


def read_samples(lines: Lines) -> list[Record]:
    """The records of a log's samples, by epoch; raises InputError, naming them, where samples ended in an error."""
    failed = [(where, line.get("id")) for where, line in lines if line.get("error")]
    if failed:
        names = listed([name for _, name in failed])
        what = f"{len(failed)} of {len(lines)} samples ended in an error (id {names})"
        raise InputError(failed[0][0], what, "let `inspect eval-retry` mend the log")
    by_epoch = sorted(lines, key=lambda each: may(each[1], "epoch", COUNT, each[0]) or 0)
    return [_record(line, where) for where, line in by_epoch]


def _record(line: Line, where: str) -> Record:
    asked = line.get("input")
    prompt = asked if isinstance(asked, str) else user_turn(asked)
    # Ids that nobody gave are numbers from 1.
    said = {"prompt": prompt} if prompt else {"id": need(line, "id", NAME, where)}
    output = need(line, "output", OBJECT, where)
    # A limit of Inspect's own, on tokens or time, ends a sample before its reply is kept.
    ended = line.get("limit") and not output.get("choices")
    replies = [Generation("", truncated=True)] if ended else completed(output, where)
    return Record(where, row_said(said, str(line.get("id"))), replies)


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


def _kept(sample: Any, where: str) -> Line:
    fields = need({"sample": sample}, "sample", OBJECT, where)
    return {key: fields[key] for key in KEPT if key in fields}


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: str | Path) -> bytes:
    if member.compress_type != ZSTANDARD:
        return archive.read(member)
    import pyarrow  # slow to import, and most files are no logs

    with open(file, "rb") as raw:
        raw.seek(member.header_offset)
        header = raw.read(HEADER)
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        raw.seek(member.header_offset + HEADER + name + extra)
        packed = raw.read(member.compress_size)
    content: bytes = pyarrow.decompress(packed, member.file_size, codec="zstd", asbytes=True)
    return content
