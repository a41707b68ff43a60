"""The attention of one model on the constraints of a set, over its own responses: one forward pass a response.

`attention.jsonl` holds a line for each response and each context of its answer (`controls.py`); `attention.json` what
follows from them (`summary.py`).
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from ..io.errors import InputError
from ..io.files import rounded, write_json
from ..io.jsonl import write_jsonl
from ..sample.checkpoint import Checkpoint, Prompt, fingerprint, load_model, read_checkpoint
from ..score.responses import load_pairs
from ..score.score import score_samples
from ..stats.intervals import Floats
from ..verify.responses import Response
from ..verify.rows import Row, load_rows
from .controls import contexts, random_places
from .mass import span_masses
from .sequence import Asked, Said, phases, read_prompt, read_reply
from .spans import RowSpans, row_spans
from .summary import Measured, summarise, table

ALL, RANDOM = "all", "random"
SAID_EVERY = 10  # seconds between lines on how far it is


def write_spans(data: str | Path, out: str | Path, *, preset: str = "reins") -> tuple[int, list[str]]:
    """Write the spans of every row, one JSON line a row; return how many were found, and what was not, by name.

    Offsets are half-open characters of an IFEval `prompt`, or of the rendered question of a composite. Raises
    InputError on a set without constraints.
    """
    found = [spans for _, spans in _located(load_rows(data), data, preset)]
    write_jsonl(out, (each.line() for each in found))
    return sum(len(each.spans) for each in found), _not_found(found)


def attend(
    model: str,
    data: str | Path,
    responses: str | Path,
    out_dir: str | Path,
    *,
    preset: str = "reins",
) -> Path:
    """Write `attention.jsonl` and `attention.json` into `out_dir`; return the second's path.

    Raises InputError on a set without constraints, responses of other rows or of another prompt, and a model whose
    attention cannot be read, before the first response is measured.
    """
    rows, replies = load_pairs(data, responses)
    spans = {row.name: each for row, each in _located(rows, data, preset)}
    checkpoint, out = read_checkpoint(model), Path(out_dir)
    reading = Reading(checkpoint, {row.name: row for row in rows}, spans, preset)
    answered = [(response, reading.prompt(response)) for response in replies if spans[response.row].spans]
    _probe(checkpoint)
    scores = score_samples(rows, replies, preset=preset)
    kept: list[Measured] = []
    write_jsonl(out / "attention.jsonl", _lines(reading, answered, kept))
    summary = summarise(rows, scores, kept) | {"not_found": _not_found(spans.values()), "model": model}
    write_json(out / "attention.json", rounded(summary))
    return out / "attention.json"


def report(summary: Path) -> str:
    """What a summary that `attend` wrote says, as text."""
    return f"{table(json.loads(summary.read_text('utf-8')))}\n\n{summary}"


@dataclass(frozen=True)
class Reading:
    """What a response is read with."""

    checkpoint: Checkpoint
    rows: dict[str, Row]
    spans: dict[str, RowSpans]
    preset: str

    def prompt(self, response: Response) -> Prompt:
        """The prompt that a response answers: as the template asks, or as `direct` does.

        Raises InputError where it says that it answers another.
        """
        row = self.rows[response.row]
        prompts = [self.alone(row, direct=direct) for direct in (False, True)]
        if response.prompt_hash is None:
            return prompts[0]
        for prompt in prompts:
            if prompt.hash == response.prompt_hash:
                return prompt
        raise InputError(
            f"row {response.row!r}",
            "its response answers another prompt than this model is asked",
            "give the model, data and --preset that it was generated with",
        )

    def alone(self, row: Row, *, direct: bool = True) -> Prompt:
        return self.checkpoint.prompt(row, preset=self.preset, with_constraints=True, direct=direct)

    def asked(self, row: Row, prompt: Prompt) -> Asked:
        return read_prompt(self.checkpoint, row, prompt, self.spans[row.name], self.preset)


def _located(rows: Sequence[Row], data: object, preset: str) -> list[tuple[Row, RowSpans]]:
    """Rows with their spans. A set whose questions say the constraints is asked as it stands."""
    if not any(row.constraints for row in rows):
        raise InputError(data, "no row has a constraint", "give a set whose rows have constraints")
    said = any(each.description for row in rows for each in row.constraints)
    return [(row, row_spans(row, preset=preset if said else "ifeval")) for row in rows]


def _not_found(spans: Any) -> list[str]:
    return [f"{each.row}, constraint {number}" for each in spans for number in each.missing]


def _probe(checkpoint: Checkpoint) -> None:
    """Read four tokens, so that a model that cannot be read is refused at once."""
    model = load_model(checkpoint.name, fingerprint(checkpoint.name))
    span_masses(model, checkpoint.encode("One two three four.")[:4], [[0]], [range(1)])


def _lines(
    reading: Reading, answered: list[tuple[Response, Prompt]], kept: list[Measured]
) -> Iterator[dict[str, Any]]:
    """A line for each response, which stands beside its prompt, and context; what the summary needs goes to `kept`."""
    replies = [read_reply(reading.checkpoint, prompt, response) for response, prompt in answered]
    problems = [reading.rows[response.row].problem_id for response, _ in answered]
    last = time.monotonic()
    for number, ((response, of_response), said) in enumerate(zip(answered, replies, strict=True)):
        if time.monotonic() - last > SAID_EVERY:
            last = time.monotonic()
            print(f"attention: {number}/{len(answered)} responses", file=sys.stderr, flush=True)
        row = reading.rows[response.row]
        asked = reading.asked(row, of_response)
        alone = reading.asked(row, reading.alone(row))
        other = _other(replies, problems, number)
        places, left = random_places(asked, Random(row.name))
        for name, (prompt, between) in contexts(reading.checkpoint, row, asked, alone, said, other).items():
            line = _measure(reading.checkpoint, prompt, between, said, places)
            line = {"row": row.name, "sample": response.sample, "after": name, "free_tokens": left} | line
            kept.append(Measured.of(line))
            yield line


def _other(replies: Sequence[Said], problems: Sequence[str], at: int) -> Said | None:
    """The next closed thought about another problem than that of reply `at`, in the order of the file and round."""
    for number in chain(range(at + 1, len(replies)), range(at)):
        said = replies[number]
        if said.reasoned and said.closed and problems[number] != problems[at]:
            return said
    return None


def _measure(
    checkpoint: Checkpoint, asked: Asked, between: list[int], said: Said, places: list[int] | None
) -> dict[str, Any]:
    """One forward pass: the measures of every phase, layer and span."""
    union = sorted({place for each in asked.constraints.values() for place in each})
    sets: dict[int | str, Sequence[int]] = dict(asked.constraints.items())
    sets[ALL] = union
    if places:
        sets[RANDOM] = places
    prompt = len(asked.tokens)
    groups = phases(prompt, len(between), len(said.answer), reasoned=said.reasoned)
    model = load_model(checkpoint.name, fingerprint(checkpoint.name))
    masses = span_masses(
        model,
        [*asked.tokens, *between, *said.answer],
        [*sets.values(), range(prompt), [0]],
        list(groups.values()),
    )
    return {
        "prompt_tokens": prompt,
        "thought_tokens": len(between),
        "answer_tokens": len(said.answer),
        "layers": masses.layers,
        "spans": [{"span": name, "tokens": len(places)} for name, places in sets.items()],
        "phases": {
            name: _phase(masses.values[:, number], sets, prompt)
            for number, (name, rows) in enumerate(groups.items())
            if len(rows)
        },
    }


def _phase(masses: Floats, sets: dict[int | str, Sequence[int]], prompt: int) -> dict[str, Any]:
    """The measures of one phase, a number a layer: `masses` [layers, sets], the prompt's and the sink's last."""
    of_prompt = masses[:, -2]
    spans = []
    for number, (name, places) in enumerate(sets.items()):
        mass = masses[:, number]
        share = np.divide(mass, of_prompt, out=np.zeros_like(mass), where=of_prompt > 0)
        measures = {
            "per_token": mass / len(places),
            "mass": mass,
            "share": share,
            "lift": share * prompt / len(places),
        }
        spans.append({"span": name} | {key: _digits(values) for key, values in measures.items()})
    return {"prompt": _digits(of_prompt), "sink": _digits(masses[:, -1]), "spans": spans}


def _digits(values: Floats) -> list[float]:
    """Six digits that count: a token's share of a long context is small."""
    return [float(f"{value:.6g}") for value in values]
