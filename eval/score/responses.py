"""Responses read next to the rows they answer: ours, or outputs in any form that `outputs` reads.

Ours are `{row, sample, text, state, cut, reasoning_tokens, answer_tokens}` a line, in any order. Any other output is
matched to its row by prompt or id, and several of one row are its samples in their order. What a file does not say
(state, cut, tokens) is null. Where texts close thoughts that they never opened, those without any tag were cut inside
theirs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..io.errors import InputError
from ..verify.reasoning import opened_by_template
from ..verify.responses import NEEDED, Response, as_response
from ..verify.rows import Files, Row, load_rows
from .outputs.files import read_lines
from .outputs.forms import is_ours, read_records
from .outputs.record import listed
from .pairing import rows_answered


def load_pairs(data: Files, responses: Files) -> tuple[list[Row], list[Response]]:
    """Rows and their responses: one file of responses for all rows, or one for each file of rows, in their order.

    Raises InputError as `load_rows` and `load_responses`, and when several files do not pair up.
    """
    response_files = _files(responses)
    if len(response_files) == 1:
        rows = load_rows(data)
        return rows, load_responses(response_files[0], rows)
    row_files = _files(data)
    if len(row_files) != len(response_files):
        raise InputError(
            "responses",
            f"{len(response_files)} files for {len(row_files)} of rows",
            "give one in all, or one for each in order",
        )
    pairs = zip(row_files, response_files, strict=True)
    per_file = [load_responses(answered_by, load_rows(rows_of)) for rows_of, answered_by in pairs]
    return load_rows(row_files), [response for of_file in per_file for response in of_file]


def _files(files: Files) -> list[str | Path]:
    return [files] if isinstance(files, str | Path) else list(files)


def load_responses(file: str | Path, rows: Sequence[Row]) -> list[Response]:
    """Responses in the order of (row, sample).

    Raises InputError when the file is empty, in no known form, answers a row that is not there, leaves one
    out, or repeats a sample.
    """
    responses = _marked(list(_read(file, rows)))
    order = {row.name: i for i, row in enumerate(rows)}
    for response in responses:
        if response.row not in order:
            raise InputError(file, f"row {response.row!r} is not in the data", "give both of one set")
    answered = {response.row for response in responses}
    if unanswered := [name for name in order if name not in answered]:
        what = f"{len(unanswered)} rows have no response, the first {unanswered[0]!r}"
        more = f" (also {listed(unanswered[1:])})" if unanswered[1:] else ""
        raise InputError(file, what + more, "generate them, or give only the rows that were asked")
    (row, sample), times = Counter((r.row, r.sample) for r in responses).most_common(1)[0]
    if times > 1:
        raise InputError(file, f"sample {sample} of row {row!r} comes {times} times", "keep one")
    return sorted(responses, key=lambda response: (order[response.row], response.sample))


def _marked(responses: list[Response]) -> list[Response]:
    """The responses, `unclosed` where the template seems to have opened a thought that the limit then cut."""
    silent = [response for response in responses if response.state is None and not response.thought]
    if not opened_by_template(response.text for response in silent):
        return responses
    return [
        replace(response, state="unclosed")
        if response.state is None and not response.thought and response.split().state == "none"
        else response
        for response in responses
    ]


def _read(file: str | Path, rows: Sequence[Row]) -> Iterator[Response]:
    lines = read_lines(file)
    if is_ours(lines):
        if other := next((where for where, line in lines if not set(NEEDED) <= line.keys()), None):
            raise InputError(other, "not like line 1", f"every line holds {', '.join(NEEDED)}")
        yield from (as_response(line, where) for where, line in lines)
        return
    records = read_records(lines)
    samples: Counter[str] = Counter()
    for row, record in zip(rows_answered(file, records, rows), records, strict=True):
        for generation in record.generations:
            yield Response(
                row.name,
                samples[row.name],
                generation.text,
                truncated=generation.truncated,
                reasoning_tokens=generation.reasoning_tokens,
                answer_tokens=generation.answer_tokens,
                thought=generation.thought,
            )
            samples[row.name] += 1
