"""Long chain-of-thought traces of real models as SFT rows, from a file or a hub id.

These schemas are read: OpenR1-Math's (`problem, answer, generations[], correctness_math_verify[]`),
thought-anchors' (`problem{…}, solution` with the prompt inside) and that of Qwen2.5-Math's evaluation, in which also
SkyThought's outputs are published (`question, gt, code[], score[]`); of rows that hold a conversation the reply to the
user's last question, with a column `answer` where there is one; a question after other turns is left out, as a row would
ask it without them. Thoughts are kept in the tags they have. A trace is kept when its reasoning is closed, short
enough and, where the source says whether the answer is right, right: MathIF drops wrong ones too (appendix D). Of a
problem one trace is kept, however many records it has, so that as many rows are as many problems.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from ..eval.io.errors import InputError
from ..eval.io.fields import FLAG, TEXT, list_of, or_null
from ..eval.io.tokenizers import open_tokenizer
from ..eval.verify import split_reasoning
from ..eval.verify.rows import Row
from .conversations import holds_conversation, last_question, reply, said_before
from .draw import PLAIN, Built, Tally, apart, distinct
from .problems import gold, plain_row
from .readers import Record, read_records

Fits = Callable[[str], bool]


def long_traces(
    rows: int,
    seed: int,
    *,
    source: str,
    thought: Literal["long", "none"] = "long",
    tokenizer: str | None = None,
    max_reasoning_tokens: int | None = None,
    against: list[str] | None = None,
) -> Built:
    """The first `rows` usable traces of the source in an order drawn from the seed, each of another problem.

    With `thought: none` the same rows have what stands behind the thought alone: the control without the reasoning.
    Reasoning longer than `max_reasoning_tokens` by `tokenizer` (a folder or hub id, the base's) is left out, and so are
    problems of the evaluation sets named in `against`. Raises `InputError` when the source's columns are unknown
    or too few traces are left.
    """
    tally = Tally(against=against or [])
    traces = usable_traces(source, seed, fitting(tokenizer, max_reasoning_tokens), tally)
    if thought == "none":
        traces = (row.adding(response=split_reasoning(str(row.response)).answer) for row in traces)
    return Built(first_named(traces, rows, "trace", source, tally), tally)


def usable_traces(source: str, seed: int, fits: Fits, tally: Tally) -> Iterable[Row]:
    """Every problem of the source with its first usable trace, in an order drawn from the seed; read as they are taken."""
    records = read_records(source, seed=seed)
    usable = (row for record in records if (row := _usable(record, fits, tally)))
    return apart(distinct(usable, tally), tally)


def first_named(traces: Iterable[Row], rows: int, kind: str, source: str, tally: Tally) -> Iterator[Row]:
    """The first `rows` traces, named by their kind and place; raises InputError where there are fewer."""
    kept = 0
    for row in islice(traces, rows):
        yield replace(row, name=f"{kind}-{kept:06d}")
        kept += 1
    if kept < rows:
        what = f"{kept} usable traces, {rows} wanted (left out: {tally.left_out})"
        raise InputError(source, what, "ask for fewer")


def fitting(tokenizer: str | None, limit: int | None) -> Fits:
    """Whether reasoning has no more tokens than that; raises InputError where the tokenizer cannot be had."""
    if limit is None:
        return lambda reasoning: True
    if tokenizer is None:
        raise InputError(
            "max_reasoning_tokens", f"{limit} tokens of no named tokenizer", "name the base's as `tokenizer`"
        )
    try:
        encoder = open_tokenizer(tokenizer)
    except InputError as error:
        raise error.within("tokenizer") from None
    # A token holds a byte at least, so what has no more bytes fits without being counted.
    return lambda reasoning: (
        len(reasoning.encode()) <= limit or len(encoder.encode(reasoning, add_special_tokens=False)) <= limit
    )


def _usable(record: Record, fits: Fits, tally: Tally) -> Row | None:
    """The row of the first right, finished and short enough trace; else the tally says what the last one lacked."""
    question, answer, traces = _read(record)
    tally.read[record.source] += 1
    if _is_conversation(record) and (lost := said_before(record)):
        tally.dropped[lost] += 1
        return None
    lack = "no right trace"
    for trace in traces:
        split = split_reasoning(trace)
        if split.state != "closed":
            lack = "reasoning not closed"
        elif not split.answer:
            lack = "no answer after the reasoning"
        elif not fits(split.reasoning):
            lack = "reasoning too long"
        else:
            return plain_row(record, question, answer).adding(**PLAIN, split="train", response=trace)
    tally.dropped[lack] += 1
    return None


def _read(record: Record) -> tuple[str, str, list[str]]:
    """Question, answer and all right traces."""
    if isinstance(record.fields.get("problem"), dict):
        return _thought_anchors(record)
    if _is_conversation(record):
        return last_question(record), gold(record.fields.get("answer"), record.where), [reply(record)]
    columns = QWEN if QWEN[2] in record.fields else OPENR1
    record.need(*columns)
    question, answer, generations, right = columns
    return (
        record.of(question, TEXT),
        gold(record.fields[answer], record.where),
        _right(record, generations, right),
    )


def _is_conversation(record: Record) -> bool:
    """Whether the trace is the reply of a conversation: OpenR1's records hold one beside their columns of traces."""
    named = isinstance(record.fields.get("problem"), dict) or {OPENR1[2], QWEN[2]} & record.fields.keys()
    return not named and holds_conversation(record)


def _right(record: Record, generations: str, right: str) -> list[str]:
    """The traces that are said to be right; a trace or a verdict that is null is none."""
    traces = record.of(generations, TRACES) or []
    verdicts = record.of(right, VERDICTS)
    if verdicts is None:
        return []
    if len(verdicts) != len(traces):
        raise InputError(
            record.where,
            f"{len(traces)} in {generations!r}, {len(verdicts)} in {right!r}",
            "give one verdict for each trace",
        )
    return [text for text, is_right in zip(traces, verdicts, strict=True) if is_right and text is not None]


def _thought_anchors(record: Record) -> tuple[str, str, list[str]]:
    problem: dict[str, Any] = record.fields["problem"]
    asked = record._replace(fields=problem)
    question = asked.of("problem" if "problem" in problem else "question", TEXT)
    solution = record.of("solution", TEXT_OR_NULL)
    right = record.of("is_correct", FLAG_OR_NULL) if "is_correct" in record.fields else True
    _, tag, thought = (solution or "").partition("<think>")
    traces = [tag + thought] if right and solution is not None else []
    return question, gold(problem.get("gt_answer"), record.where), traces


# Columns of question, answer, traces and whether each is right.
OPENR1 = ("problem", "answer", "generations", "correctness_math_verify")
QWEN = ("question", "gt", "code", "score")
TEXT_OR_NULL, FLAG_OR_NULL = or_null(TEXT), or_null(FLAG)
TRACES = or_null(list_of(TEXT_OR_NULL, "texts, null for none"))
VERDICTS = or_null(list_of(FLAG_OR_NULL, "true and false"))
