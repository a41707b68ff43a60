"""Responses on disk, read next to the rows they answer: ours, MathIF's or IFEval's.

Ours: `{row, sample, text, state, cut, reasoning_tokens, answer_tokens}`, in any order. MathIF's: line i of the
file is `{"output": [text, …]}` for row i, and each of its data files has an output file of its own. IFEval's:
`{prompt, response}`, matched by prompt. What a file does not say (state, cut, tokens) is null.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..io.errors import InputError
from ..io.jsonl import iter_jsonl
from ..verify.rows import Files, Row, load_rows

OURS = ("row", "sample", "text")
MATHIF = ("output",)
IFEVAL = ("prompt", "response")
OPTIONAL = ("state", "cut", "reasoning_tokens", "answer_tokens")


def load_pairs(data: Files, responses: Files) -> tuple[list[Row], list[Row]]:
    """Rows and their responses: one file of responses for all rows, or one for each file of rows, in their order.

    Raises InputError as `load_rows` and `load_responses`, and when several files do not pair up.
    """
    answers = _files(responses)
    if len(answers) == 1:
        rows = load_rows(data)
        return rows, load_responses(answers[0], rows)
    files = _files(data)
    if len(files) != len(answers):
        raise InputError(
            "responses",
            f"{len(answers)} files for {len(files)} of rows",
            "give one in all, or one for each in order",
        )
    pairs = [load_responses(file, load_rows(of)) for of, file in zip(files, answers, strict=True)]
    return load_rows(files), [response for own in pairs for response in own]


def _files(given: Files) -> list[str | Path]:
    return [given] if isinstance(given, str | Path) else list(given)


def load_responses(file: str | Path, rows: Sequence[Row]) -> list[Row]:
    """Responses in the order of (row, sample), each `{row, sample, text, state, cut, …_tokens}`.

    Raises InputError when the file is empty, in no known form, answers a row that is not there, leaves one
    out, or repeats a sample.
    """
    responses = list(_read(file, rows))
    order = {row["row"]: i for i, row in enumerate(rows)}
    for response in responses:
        if response["row"] not in order:
            raise InputError(file, f"row {response['row']!r} is not in the data", "give both of one set")
    unanswered = order.keys() - {response["row"] for response in responses}
    if unanswered:
        first = min(unanswered, key=order.__getitem__)
        raise InputError(
            file, f"{len(unanswered)} rows have no response, the first {first!r}", "generate them"
        )
    (row, sample), times = Counter((r["row"], r["sample"]) for r in responses).most_common(1)[0]
    if times > 1:
        raise InputError(file, f"sample {sample} of row {row!r} comes {times} times", "keep one")
    return sorted(responses, key=lambda response: (order[response["row"]], response["sample"]))


def _read(file: str | Path, rows: Sequence[Row]) -> Iterator[Row]:
    lines = list(iter_jsonl(file))
    if not lines:
        raise InputError(file, "holds no responses", "generate them first")
    form = next((form for form in (OURS, MATHIF, IFEVAL) if set(form) <= lines[0][1].keys()), None)
    if form is None:
        raise InputError(f"{file}:1", "no response in a known form", f"give {OURS}, {MATHIF} or {IFEVAL}")
    for number, line in lines:
        if not set(form) <= line.keys():
            raise InputError(f"{file}:{number}", "not like line 1", f"every line holds {', '.join(form)}")
    found = [line for _, line in lines]
    if form == OURS:
        return iter([{key: line.get(key) for key in (*OURS, *OPTIONAL)} for line in found])
    return _from_mathif(found, rows, file) if form == MATHIF else _from_ifeval(found, rows, file)


def _from_mathif(found: list[Row], rows: Sequence[Row], file: str | Path) -> Iterator[Row]:
    if len(found) != len(rows):
        raise InputError(file, f"{len(found)} outputs for {len(rows)} rows", "line i answers row i")
    for row, line in zip(rows, found, strict=True):
        for sample, text in enumerate(line["output"]):
            yield _bare(row, sample, text)


def _from_ifeval(found: list[Row], rows: Sequence[Row], file: str | Path) -> Iterator[Row]:
    """By prompt; where only the wording differs (one prompt of IFEval's own files does), by line."""
    asked = {row["question"]: row for row in rows}
    prompts = {response["prompt"] for response in found}
    if len(found) == len(rows):
        for response, row in zip(found, rows, strict=True):
            if row["question"] not in prompts:
                asked.setdefault(response["prompt"], row)
    samples: Counter[str] = Counter()
    for response in found:
        prompt = response["prompt"]
        if prompt not in asked:
            raise InputError(file, f"prompt {prompt[:60]!r} is not in the data", "give both of one set")
        yield _bare(asked[prompt], samples[prompt], response["response"])
        samples[prompt] += 1


def _bare(row: Row, sample: int, text: str) -> Row:
    return {"row": row["row"], "sample": sample, "text": text, **dict.fromkeys(OPTIONAL)}
