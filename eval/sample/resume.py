"""Responses while they are made: one file a process, a line a sample, safe to kill at any byte.

`generation.json` beside them says with which settings; what other settings made is removed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..io.files import write_json
from ..io.jsonl import Line, write_jsonl
from ..verify.responses import Response
from ..verify.rows import Row

RESPONSES = "responses.jsonl"

# (row name, sample) -> where its line begins
Places = dict[tuple[str, int], tuple[Path, int]]


def claim(out: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder ready: only samples of these settings, only whole lines."""
    note = out / "generation.json"
    if not note.exists() or json.loads(note.read_text()) != settings:
        for old in out.glob("responses*.jsonl"):
            old.unlink()
        write_json(note, dict(settings))
    for file in _files(out):
        with open(file, "rb") as lines:
            whole = sum(len(line) for line in lines if line.endswith(b"\n"))
        os.truncate(file, whole)


def append(out: Path, process: int, responses: Iterator[Response]) -> None:
    """Add each response to this process's file as it comes."""
    with open(out / f"responses.partial-{process}.jsonl", "a", encoding="utf-8") as file:
        for response in responses:
            file.write(json.dumps(response.line(), ensure_ascii=False) + "\n")
            file.flush()


def finished(out: Path) -> Places:
    """The samples that are there."""
    places: Places = {}
    for file in _files(out):
        start = 0
        with open(file, "rb") as lines:
            for line in lines:
                record = json.loads(line)
                places[record["row"], record["sample"]] = file, start
                start += len(line)
    return places


def settle(out: Path, rows: list[Row]) -> None:
    """Put all samples into `responses.jsonl` in the order of (row, sample), and remove the partial files."""
    order = {row.name: index for index, row in enumerate(rows)}
    places = finished(out)
    inline = sorted(places, key=lambda key: (order[key[0]], key[1]))
    write_jsonl(out / RESPONSES, (_line(*places[key]) for key in inline))
    for file in _files(out):
        file.unlink()


def _files(out: Path) -> list[Path]:
    return sorted(out.glob("responses.partial-*.jsonl"))


def _line(file: Path, start: int) -> Line:
    with open(file, "rb") as lines:
        lines.seek(start)
        line: Line = json.loads(lines.readline())
        return line
