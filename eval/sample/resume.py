"""Responses while they are made: one file a process, a line a sample, safe to kill at any byte.

`generation.json` beside them says with which settings. Other files of the folder are somebody else's.
"""

import json
import os
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..io.errors import InputError
from ..io.files import naming, read_state, write_json
from ..io.jsonl import Line, write_jsonl
from ..verify.responses import Response
from ..verify.rows import Row

RESPONSES = "responses.jsonl"
NOTE = "generation.json"

# (row name, sample) -> where its line begins
Places = dict[tuple[str, int], tuple[Path, int]]


def claim(out: Path, settings: Mapping[str, Any], *, ours: bool = False) -> None:
    """Make the folder ready: only samples of these settings, only whole lines.

    What other settings made is removed from a folder that is `ours`, a run's; elsewhere it raises InputError.
    """
    note_file = out / NOTE
    before = read_state(note_file)
    if before != settings:
        there = [file for file in (out / RESPONSES, *_files(out)) if file.exists()]
        in_the_way = [file for file in there if file.stat().st_size]
        if in_the_way and not ours:
            raise InputError(
                in_the_way[0], _whose(before, settings), "give another --out, or take it away yourself"
            )
        for file in in_the_way:
            file.unlink()
        write_json(note_file, dict(settings))
    for file in _files(out):
        drop_torn(file)


def drop_torn(file: Path) -> None:
    """Cut a file of JSON lines that grows behind its last whole line: a killed process can leave half of one."""
    with open(file, "rb") as lines:
        whole_bytes = sum(len(line) for line in takewhile(_is_whole, lines))
    os.truncate(file, whole_bytes)


def _whose(before: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> str:
    """Why responses that lie in the way may not be replaced."""
    if not before:
        return f"responses without a {NOTE} that says how they were made"
    changed = [name for name in settings if before.get(name) != settings[name]]
    settings_changed = [
        f"{name} {before[name]}, now {settings[name]}"
        for name in changed
        if name in before and name not in ("files", "data")
    ]
    inputs_changed = [
        what for key, what in (("files", "another checkpoint"), ("data", "other rows")) if key in changed
    ]
    return f"made with other settings ({', '.join([*settings_changed, *inputs_changed]) or 'of another version'})"


def _is_whole(line: bytes) -> bool:
    """Whether a line was written to its end: a power cut can leave half of one, or zeros."""
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def append(out: Path, process: int, responses: Iterator[Response]) -> None:
    """Add each response to this process's file as it comes."""
    path = out / f"responses.partial-{process}.jsonl"
    with naming(path), open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
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
    ordered = sorted(places, key=lambda key: (order[key[0]], key[1]))
    write_jsonl(out / RESPONSES, (_line(*places[key]) for key in ordered))
    for file in _files(out):
        file.unlink()


def _files(out: Path) -> list[Path]:
    return sorted(out.glob("responses.partial-[0-9]*.jsonl"))


def _line(file: Path, start: int) -> Line:
    with open(file, "rb") as lines:
        lines.seek(start)
        line: Line = json.loads(lines.readline())
        return line
