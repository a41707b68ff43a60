"""Responses read next to the rows they answer, in any of three forms: ours, MathIF's or IFEval's.

Ours: `{row, sample, text, state, cut, reasoning_tokens, answer_tokens}`, in any order. MathIF's: line i of the
file is `{"output": [text, …]}` for row i, and each of its data files has an output file of its own; where lines also
say a prompt, a row or an id, these tell the row. IFEval's: `{prompt, response}`, matched by prompt. What a file does not say (state, cut, tokens) is null. Where
texts close thoughts that they never opened, those without any tag were cut inside theirs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..io.errors import InputError
from ..io.fields import Kind, need
from ..io.jsonl import Line, iter_jsonl
from ..verify.reasoning import opened_by_template
from ..verify.responses import (
    NEEDED,
    Response,
    as_response,
    need_text,
    thought_beside,
    thoughts_beside,
)
from ..verify.rows import Files, Row, load_rows
from .pairing import Lines, rows_answered

Reader = Callable[[str | Path, Lines, Sequence[Row]], Iterator[Response]]


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
    unanswered = order.keys() - {response.row for response in responses}
    if unanswered:
        first = min(unanswered, key=order.__getitem__)
        raise InputError(
            file, f"{len(unanswered)} rows have no response, the first {first!r}", "generate them"
        )
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
    """By the form of the first line, which all others must have."""
    lines = list(iter_jsonl(file))
    if not lines:
        raise InputError(file, "holds no responses", "generate them first")
    form = next((fields for fields in FORMS if set(fields) <= lines[0][1].keys()), None)
    if form is None:
        known = " or ".join("{" + ", ".join(fields) + "}" for fields in FORMS)
        raise InputError(f"{file}:1", "no response in a known form", f"give {known}")
    for number, line in lines:
        if not set(form) <= line.keys():
            raise InputError(f"{file}:{number}", "not like line 1", f"every line holds {', '.join(form)}")
    return FORMS[form](file, lines, rows)


def read_ours(file: str | Path, lines: Lines, rows: Sequence[Row]) -> Iterator[Response]:
    """Lines that name their row and sample."""
    for number, line in lines:
        yield as_response(line, f"{file}:{number}")


def read_mathif(file: str | Path, lines: Lines, rows: Sequence[Row]) -> Iterator[Response]:
    """Lines of several texts: the i-th for the i-th row, unless lines say which row they answer."""
    texts = [_outputs(line, f"{file}:{number}") for number, line in lines]
    samples: Counter[str] = Counter()
    for row, of_line in zip(rows_answered(file, lines, rows), texts, strict=True):
        for text, thought in of_line:
            yield Response(row.name, samples[row.name], text, thought=thought)
            samples[row.name] += 1


def _outputs(line: Line, where: str) -> list[tuple[str, str | None]]:
    """The texts of a line, each with the thought beside it."""
    output = need(line, "output", TEXTS, where)
    texts = [need_text({"output": each}, "output", where) for each in output]
    return list(zip(texts, thoughts_beside(line, len(texts), where), strict=True))


def read_ifeval(file: str | Path, lines: Lines, rows: Sequence[Row]) -> Iterator[Response]:
    """Lines of prompt and response, each the next sample of the row that asks this prompt."""
    texts = [
        (need_text(line, "response", where), thought_beside(line, where))
        for where, line in ((f"{file}:{number}", line) for number, line in lines)
    ]
    samples: Counter[str] = Counter()
    for row, (text, thought) in zip(rows_answered(file, lines, rows), texts, strict=True):
        yield Response(row.name, samples[row.name], text, thought=thought)
        samples[row.name] += 1


# A list of texts, none of them taken apart: each may itself be in content parts.
TEXTS = Kind(
    "a list of texts",
    lambda value: (
        isinstance(value, list) and bool(value) and all(isinstance(each, str | list) for each in value)
    ),
)
# What every line of a form holds, and who reads it.
FORMS: dict[tuple[str, ...], Reader] = {
    NEEDED: read_ours,
    ("output",): read_mathif,
    ("prompt", "response"): read_ifeval,
}
