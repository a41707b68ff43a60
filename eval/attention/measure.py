"""What forward passes say of responses: lines of `attention.jsonl`, one for each response and context of its answer.

The contexts are those of `controls.py`. A line holds, for each phase and span, the measures layer by layer, and the
course of the mass over tenths of thought and answer (docs/attention.md).
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any

import numpy as np

from ..io.errors import InputError
from ..io.jsonl import Line
from ..sample.checkpoint import Checkpoint, Prompt, fingerprint, load_model
from ..sample.modes.names import parse_mode
from ..sample.prompt_places import Asked, random_places, read_prompt
from ..stats.intervals import Floats
from ..verify import render
from ..verify.responses import Response
from ..verify.rows import Row
from .controls import contexts
from .lines import measures
from .mass import span_masses
from .sequence import PARTS, Said, Stretch, read_reply, stretches
from .spans import RowSpans

ALL, RANDOM = "all", "random"
TRACED = (ALL, RANDOM)
Sets = Mapping[int | str, Sequence[int]]
Answered = list[tuple[Response, Prompt]]


@dataclass(frozen=True)
class Reading:
    """What a response is read with. `mode` is the one that its rows were asked in; None where nobody said."""

    checkpoint: Checkpoint
    rows: dict[str, Row]
    spans: dict[str, RowSpans]
    preset: str
    mode: str | None = None

    def prompt(self, response: Response) -> Prompt:
        """The prompt that a response answers; where no mode is said, as the template asks, as `direct` or as `cot`.

        Raises InputError where it says that it answers another.
        """
        row = self.rows[response.row]
        for mode in (self.mode,) if self.mode else ("think", "direct", "cot"):
            prompt = self.asked_in(row, mode)
            if response.prompt_hash in (None, prompt.hash):
                return prompt
        raise InputError(
            f"row {response.row!r}",
            "its response answers another prompt than this model is asked",
            "give the model, data, --mode and --preset that it was generated with",
        )

    def asked_in(self, row: Row, mode: str) -> Prompt:
        way = parse_mode(mode)
        turn = way.turn(render(row, preset=self.preset), self.checkpoint.form)
        return self.checkpoint.prompt_of(turn, direct=way.direct)

    def read(self, row: Row, prompt: Prompt) -> Asked:
        return read_prompt(self.checkpoint, row, prompt, self.spans[row.name], self.preset)


def answered_by(reading: Reading, responses: Sequence[Response]) -> Answered:
    """The responses to rows that say a constraint, each with its prompt; raises InputError as `Reading.prompt`."""
    return [
        (response, reading.prompt(response)) for response in responses if reading.spans[response.row].spans
    ]


def probe(checkpoint: Checkpoint) -> None:
    """Read four tokens, so that a model that cannot be read is refused at once; raises InputError."""
    model = load_model(checkpoint.name, fingerprint(checkpoint.name))
    span_masses(model, checkpoint.encode("One two three four.")[:4], [[0]], [range(1)])


def measured(
    reading: Reading, answered: Answered, done: Container[tuple[str, int]] = ()
) -> Iterator[list[Line]]:
    """The lines of each response, in their order; those that are `done` (row and sample) are passed over."""
    replies = [read_reply(reading.checkpoint, prompt, response) for response, prompt in answered]
    problems = [reading.rows[response.row].problem_id for response, _ in answered]
    for number, ((response, prompt), said) in enumerate(zip(answered, replies, strict=True)):
        if (response.row, response.sample) in done:
            continue
        row = reading.rows[response.row]
        asked = reading.read(row, prompt)
        alone = reading.read(row, reading.asked_in(row, "direct"))
        others = _others(replies, problems, number)
        places, left = random_places(asked, Random(row.name))
        between = contexts(reading.checkpoint, row, asked, alone, said, others)
        head = {"row": row.name, "sample": response.sample}
        yield [
            head
            | {"after": name, "free_tokens": left}
            | _measure(reading.checkpoint, before, tokens, said, _moved(places, asked, before))
            for name, (before, tokens) in between.items()
        ]


def _others(replies: Sequence[Said], problems: Sequence[str], at: int) -> Iterator[Said]:
    """The replies to other problems than that of reply `at`, in the order of the file from it and round."""
    order = chain(range(at + 1, len(replies)), range(at))
    return (replies[number] for number in order if problems[number] != problems[at])


def _moved(places: list[int] | None, drawn_in: Asked, asked: Asked) -> list[int] | None:
    """The same tokens of the user's text where another prompt has them, since a template may put more or less before it;
    None where that prompt splits the text otherwise."""
    if places is None or asked.turn_tokens != drawn_in.turn_tokens:
        return None
    return [place + asked.turn.start - drawn_in.turn.start for place in places]


def _measure(
    checkpoint: Checkpoint, asked: Asked, between: list[int], said: Said, places: list[int] | None
) -> Line:
    """One forward pass: the measures of every phase, layer and span, and the course of the reply."""
    sets: dict[int | str, Sequence[int]] = dict(asked.constraints.items())
    sets[ALL] = sorted(asked.said)
    if places:
        sets[RANDOM] = places
    prompt = len(asked.tokens)
    cut = stretches(prompt, len(between), len(said.answer), reasoned=said.reasoned)
    masses = span_masses(
        load_model(checkpoint.name, fingerprint(checkpoint.name)),
        [*asked.tokens, *between, *said.answer],
        [*sets.values(), range(prompt), [0]],
        [stretch.rows for stretch in cut],
    )
    phases = dict.fromkeys(stretch.phase for stretch in cut)
    return {
        "prompt_tokens": prompt,
        "thought_tokens": len(between),
        "answer_tokens": len(said.answer),
        "layers": masses.layers,
        "spans": [{"span": name, "tokens": len(places)} for name, places in sets.items()],
        "phases": {
            name: _phase(_together(masses.values, cut, [each.phase == name for each in cut]), sets, prompt)
            for name in phases
        },
        "trace": _trace(masses.values, cut, sets),
    }


def _together(masses: Floats, cut: Sequence[Stretch], chosen: Sequence[bool]) -> Floats:
    """Mean masses [layers, sets] over the rows of the chosen stretches."""
    rows = np.array([len(each.rows) * took for each, took in zip(cut, chosen, strict=True)], dtype=float)
    return np.asarray(np.tensordot(masses, rows, axes=(1, 0)) / rows.sum())


def _phase(masses: Floats, sets: Sets, prompt: int) -> dict[str, Any]:
    """The measures of one phase, a number a layer: `masses` [layers, sets], the prompt's and the sink's last."""
    of_prompt = masses[:, -2]
    spans = []
    for number, (name, places) in enumerate(sets.items()):
        values = measures(masses[:, number], of_prompt, len(places), prompt)
        spans.append({"span": name} | {key: _digits(each) for key, each in values.items()})
    return {"prompt": _digits(of_prompt), "sink": _digits(masses[:, -1]), "spans": spans}


def _trace(masses: Floats, cut: Sequence[Stretch], sets: Sets) -> dict[str, dict[str, list[float | None]]]:
    """Mean mass over layers on the prompt and the traced spans in each tenth of thought and answer, null where a tenth
    holds no token."""
    columns = {name: number for number, name in enumerate(sets) if name in TRACED}
    columns["prompt"] = len(sets)
    trace: dict[str, dict[str, list[float | None]]] = {}
    for where, phases in (("thought", ("thought",)), ("answer", ("onset", "rest"))):
        if not any(each.phase in phases for each in cut):
            continue
        tenths = []
        for part in range(PARTS):
            chosen = [each.phase in phases and each.part == part for each in cut]
            tenths.append(_together(masses, cut, chosen).mean(0) if any(chosen) else None)
        trace[where] = {
            str(name): [None if tenth is None else _digits(tenth[[column]])[0] for tenth in tenths]
            for name, column in columns.items()
        }
    return trace


def _digits(values: Floats) -> list[float | None]:
    """Six digits that count, as a token's share of a long context is small; null for what is not defined."""
    return [None if np.isnan(value) else float(f"{value:.6g}") for value in values]
