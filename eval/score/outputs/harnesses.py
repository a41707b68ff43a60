"""Outputs that evaluation harnesses write beside their scores. The scores are left aside: what counts is the text.

lm-evaluation-harness: a line of `samples_<task>_<date>.jsonl` is `{doc_id, doc, arguments, resps, filter, …}` (written
with --log_samples). lighteval: a row of `details_<task>_<date>.parquet` is `{doc, model_response, metric}`. evalscope: a
line of `predictions/` is `{index, model_output, messages}`, one of `reviews/` `{index, messages, sample_score}`, or
`{index, input, sample_score}` to 1.6; to 0.17 both are a completion with `index` and `raw_input`, the row of its set.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ...io.errors import InputError
from ...io.fields import OBJECT, TEXT, WHOLE, Kind, list_of, may, need, or_null
from ...io.jsonl import Line
from .chat import completed, last_reply, user_turn
from .record import TEXTS, Generation, Lines, Record, RowSaid, beside, row_said

# One request, asked some number of times; a task that compares likelihoods has pairs of numbers here.
REPEATED = Kind(
    "the texts of a task that generates",
    lambda value: (
        isinstance(value, list)
        and len(value) == 1
        and isinstance(value[0], list)
        and bool(value[0])
        and all(map(TEXT.holds, value[0]))
    ),
)
TEXTS_OR_NULLS = list_of(or_null(TEXT), "texts")
USER = re.compile(r"(?:\A|\n\n)\*\*User\*\*: ")  # heads a turn where evalscope writes a chat as one text


def read_lm_eval(lines: Lines) -> list[Record]:
    """The samples of lm-evaluation-harness; a document comes once for every filter, always with the same texts."""
    return [_of_document(line, where) for where, line in _of_one_filter(lines)]


def _of_one_filter(lines: Lines) -> Iterator[tuple[str, Line]]:
    """The lines of the first filter, and those of others whose document it does not have."""
    first = lines[0][1].get("filter")
    documents = {str(line.get("doc_id")) for _, line in lines if line.get("filter") == first}
    for where, line in lines:
        if line.get("filter") == first or str(line.get("doc_id")) not in documents:
            yield where, line


def _of_document(line: Line, where: str) -> Record:
    (texts,) = need(line, "resps", REPEATED, where)
    doc = need(line, "doc", OBJECT, where)
    prompts = {
        key.lower(): text for key, text in doc.items() if key.lower() in TEXTS
    }  # sets write `Problem` too
    said = row_said(prompts | doc, _rendered(line))
    if line.get("arguments"):
        _need_fields(said, "doc", where)
    return Record(where, said._replace(framed=True), [Generation(text) for text in texts])


def _need_fields(said: RowSaid, held_by: str, where: str) -> None:
    if not said.fields:
        raise InputError(
            where,
            "its prompt cannot be read",
            f"give rows whose `{held_by}` names the row or says its prompt",
        )


def _rendered(line: Line) -> str | None:
    """The prompt that the model was given: a text, or a chat as a list or as JSON; older files list the arguments.

    For chat servers the JSON is the one field of a tuple, which files hold as a list.
    """
    prompt: Any = line.get("arguments")
    for key in ("gen_args_0", "arg_0"):
        first = prompt[0] if isinstance(prompt, list) and prompt else None
        prompt = prompt.get(key) if isinstance(prompt, dict) else first
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        (prompt,) = prompt
    if isinstance(prompt, str) and prompt.startswith("[{"):
        try:
            prompt = json.loads(prompt)
        except ValueError:  # a text that happens to begin so
            pass
    if isinstance(prompt, list):
        return user_turn(prompt)
    return prompt if isinstance(prompt, str) else None


def read_lighteval(lines: Lines) -> list[Record]:
    """The details of lighteval: some generations to a query, each with its reasoning where a server took it out."""
    return [_of_details(line, where) for where, line in lines]


def _of_details(line: Line, where: str) -> Record:
    doc, answered = (need(line, key, OBJECT, where) for key in ("doc", "model_response"))
    texts = need(answered, "text", TEXTS_OR_NULLS, where)
    if not texts:
        raise InputError(where, "no generated text", f"give {REPEATED.said}")
    thoughts = may(answered, "reasonings", TEXTS_OR_NULLS, where) or [None] * len(texts)
    if len(thoughts) != len(texts):
        raise InputError(
            where, f"{len(thoughts)} 'reasonings' for {len(texts)} texts", "give one for each text"
        )
    prompt, sent = need(doc, "query", TEXT, where), answered.get("input")
    # `doc.id` numbers the documents; an id of the row's own would be in `specific`.
    said = row_said(
        {**beside(doc, "specific", where), "prompt": prompt},
        sent if isinstance(sent, str) else user_turn(sent),
    )
    pairs = zip(texts, thoughts, strict=True)
    generations = [Generation(text or "", thought or None) for text, thought in pairs]
    return Record(where, said._replace(framed=True), generations)


def read_answers(lines: Lines) -> list[Record]:
    """What evalscope kept of every answer, scored or not, up to 0.17: a completion beside the row that it read."""
    return [Record(where, _of_raw(line, where), completed(line, where)) for where, line in _in_order(lines)]


def _of_raw(line: Line, where: str) -> RowSaid:
    raw = need(line, "raw_input", OBJECT, where)
    said = row_said(raw, may(raw, "query", TEXT, where))  # `query` is what general_qa may call a prompt
    _need_fields(said, "raw_input", where)
    return said


def read_predictions(lines: Lines) -> list[Record]:
    """What evalscope keeps of every answer; repeats of a prompt are lines of their own."""
    return [
        Record(
            where,
            _of_prompt(line, user_turn(line.get("messages")), where),
            completed(need(line, "model_output", OBJECT, where), where),
        )
        for where, line in _in_order(lines)
    ]


def read_reviews(lines: Lines) -> list[Record]:
    """What evalscope keeps of every score: the conversation, or in older files `input` and the prediction."""
    return [_of_review(line, where) for where, line in _in_order(lines)]


def _of_review(line: Line, where: str) -> Record:
    if line.get("messages"):
        said = _of_prompt(line, user_turn(line["messages"]), where)
        return Record(where, said, [last_reply(line, where)])
    score = need(need(line, "sample_score", OBJECT, where), "score", OBJECT, where)
    *_, prompt = USER.split(need(line, "input", TEXT, where))
    return Record(
        where, _of_prompt(line, prompt, where), [Generation(need(score, "prediction", TEXT, where))]
    )


def _of_prompt(line: Line, prompt: str | None, where: str) -> RowSaid:
    """By the last user turn, and by what evalscope kept of the row."""
    more = beside(line, "metadata", where) or beside(
        beside(line, "sample_score", where), "sample_metadata", where
    )
    return row_said({**more, "prompt": prompt})


def _in_order(lines: Lines) -> Lines:
    """By evalscope's number of the sample: its lines stand in the order in which they ended."""
    return sorted(lines, key=lambda each: _number(each[1], each[0]))


def _number(line: Line, where: str) -> int:
    """Which 0.13 keeps in the prompt."""
    holder = line if "index" in line else beside(line, "origin_prompt", where)
    number: int = need(holder, "index", WHOLE, where)
    return number
