"""Lines of `attention.jsonl` as what is computed from them needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..io.jsonl import iter_jsonl
from ..stats.intervals import Floats

MEASURES = ("per_token", "mass", "share", "lift")
FIRST = 16  # answer tokens that count as its beginning
ONSET, ANSWER = "onset", "answer"  # the first answer tokens, and all of them
Key = tuple[str, str, str]  # phase, span, measure


@dataclass(frozen=True)
class Measured:
    """One response in one context: `values`, a number a layer, of the first answer tokens and of the whole answer.

    `trace` holds, for `thought` and `answer`, the masses of its tenths by span (NaN where a tenth is empty).
    """

    row: str
    sample: int
    after: str
    layers: list[int]
    prompt_tokens: int
    span_tokens: dict[str, int]
    values: dict[Key, Floats]
    trace: dict[str, dict[str, Floats]]

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Measured":
        tokens = {str(span["span"]): span["tokens"] for span in line["spans"]}
        onset = line["phases"].get("onset")
        values = _values(ONSET, onset) | _whole(line, tokens) if onset else {}
        trace = {
            where: {name: np.array(masses, dtype=float) for name, masses in tenths.items()}
            for where, tenths in line["trace"].items()
        }
        head = (line["row"], line["sample"], line["after"], line["layers"], line["prompt_tokens"])
        return cls(*head, tokens, values, trace)


def read_measured(file: Path) -> Iterator[Measured]:
    """The lines of a file that measuring wrote; raises InputError naming file and line where one is none."""
    for _, line in iter_jsonl(file):
        yield Measured.of(line)


def _values(phase: str, said: dict[str, Any]) -> dict[Key, Floats]:
    return {
        (phase, str(span["span"]), measure): np.asarray(span[measure], dtype=float)
        for span in said["spans"]
        for measure in MEASURES
    }


def _whole(line: dict[str, Any], tokens: dict[str, int]) -> dict[Key, Floats]:
    """The measures over the whole answer, from those of its beginning and of its rest."""
    onset, rest = line["phases"]["onset"], line["phases"].get("rest")
    if rest is None:
        return _values(ANSWER, onset)
    first = min(FIRST, line["answer_tokens"]) / line["answer_tokens"]

    def mean(a: list[float], b: list[float]) -> Floats:
        return np.asarray(first * np.asarray(a) + (1 - first) * np.asarray(b))

    of_prompt = mean(onset["prompt"], rest["prompt"])
    values: dict[Key, Floats] = {}
    for begun, ended in zip(onset["spans"], rest["spans"], strict=True):
        name = str(begun["span"])
        mass = mean(begun["mass"], ended["mass"])
        whole = measures(mass, of_prompt, tokens[name], line["prompt_tokens"])
        values |= {(ANSWER, name, measure): each for measure, each in whole.items()}
    return values


def measures(mass: Floats, of_prompt: Floats, tokens: int, prompt: int) -> dict[str, Floats]:
    """The four measures of a span of so many tokens, from its mass and that of a prompt of so many.

    Where nothing falls on the prompt, as in a layer whose window has left it behind, share and lift are not defined: NaN.
    """
    share = np.divide(mass, of_prompt, out=np.full_like(mass, np.nan), where=of_prompt > 0)
    return {"per_token": mass / tokens, "mass": mass, "share": share, "lift": share * prompt / tokens}


def over_layers(values: Floats) -> Floats:
    """The mean [...] over the layers [..., layers] in which a measure is defined; NaN where it is in none."""
    known = ~np.isnan(values)
    sums, count = np.where(known, values, 0.0).sum(-1), known.sum(-1)
    return np.asarray(np.divide(sums, count, out=np.full(np.shape(sums), np.nan), where=count > 0))
