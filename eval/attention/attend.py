"""The attention of one model on the constraints of a set, over its own responses: what `reins attend` does."""

import json
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ..io.files import rounded, write_json
from ..io.jsonl import Line, write_jsonl
from ..sample.checkpoint import read_checkpoint
from ..score.responses import load_pairs
from ..score.score import score_samples
from ..verify.rows import load_rows
from .lines import Measured
from .measure import Reading, answered_by, measured, probe
from .readable import refuse_unread
from .spans import located, not_found
from .summary import summarise, table

SAID_EVERY = 10  # seconds between lines on how far it is


def write_spans(data: str | Path, out: str | Path, *, preset: str = "reins") -> tuple[int, list[str]]:
    """Write the spans of every row, one JSON line a row; return how many were found, and what was not, by name.

    Offsets are half-open characters of an IFEval `prompt`, or of the rendered question of a composite. Raises
    InputError on a set without constraints.
    """
    row_spans = [spans for _, spans in located(load_rows(data), data, preset)]
    write_jsonl(out, (each.line() for each in row_spans))
    return sum(len(each.spans) for each in row_spans), not_found(row_spans)


def attend(
    model: str,
    data: str | Path,
    responses: str | Path,
    out_dir: str | Path,
    *,
    preset: str = "reins",
    mode: str | None = None,
) -> Path:
    """Write `attention.jsonl` and `attention.json` into `out_dir`; return the second's path.

    `mode` is the one that the responses were asked in. Raises InputError on a set without constraints, a mode whose
    prompt is not made of the row alone, responses of other rows or of another prompt, and a model whose attention cannot
    be read, before the first response is measured.
    """
    if mode:
        refuse_unread(mode)
    rows, replies = load_pairs(data, responses)
    spans = {row.name: each for row, each in located(rows, data, preset)}
    checkpoint, out = read_checkpoint(model), Path(out_dir)
    reading = Reading(checkpoint, {row.name: row for row in rows}, spans, preset, mode)
    answered = answered_by(reading, replies)
    probe(checkpoint)
    scores = score_samples(rows, replies, preset=preset)
    kept: list[Measured] = []
    write_jsonl(
        out / "attention.jsonl",
        _keeping(chain.from_iterable(_counted(measured(reading, answered), len(answered))), kept),
    )
    summary = summarise(rows, scores, kept) | {"not_found": not_found([*spans.values()]), "model": model}
    write_json(out / "attention.json", rounded(summary))
    return out / "attention.json"


def report(summary: Path) -> str:
    """What a summary that `attend` wrote says, as text."""
    return f"{table(json.loads(summary.read_text('utf-8')))}\n\n{summary}"


def _keeping(lines: Iterator[Line], kept: list[Measured]) -> Iterator[Line]:
    """The lines as they come; what the summary needs of them goes to `kept`."""
    for line in lines:
        kept.append(Measured.of(line))
        yield line


def _counted(groups: Iterator[list[Line]], total: int) -> Iterator[list[Line]]:
    """The lines of each response, saying now and then how many are done."""
    last = time.monotonic()
    for number, lines in enumerate(groups):
        if time.monotonic() - last > SAID_EVERY:
            last = time.monotonic()
            print(f"attention: {number}/{total} responses", file=sys.stderr, flush=True)
        yield lines
