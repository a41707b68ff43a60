"""Scores: the verdicts and the outcome of one response, as `scores.jsonl` holds them.

A line holds `{row, sample, verdicts, hacc, sacc, correct, outcome, state, format, reasoned, cut,
reasoning_tokens, answer_tokens}`, under preset `ifeval` `loose`, and where sampling knows them its costs (`calls,
prompt_tokens, drawn_tokens`), mode `decide`'s `p_yes, p_word`, and of a mode of two passes `first`: the first answer's
`verdicts`, and whether the second is the `same`. What follows from other fields is written for readers and computed again when read.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ..io.errors import InputError
from ..io.fields import CHANCE, COUNT, FLAG, FLAGS, OBJECT, TEXT, Kind, choice, may, need
from ..io.jsonl import Line, iter_jsonl
from ..verify.answers import Outcome
from ..verify.reasoning import State
from ..verify.responses import CHANCES, COSTS


@dataclass(frozen=True, slots=True)
class First:
    """The answer that a second pass was shown: its verdicts, and whether the second answer is the same text."""

    verdicts: list[bool]
    same: bool

    @property
    def hacc(self) -> bool | None:
        return all(self.verdicts) if self.verdicts else None


@dataclass(frozen=True, slots=True)
class Score:
    """One response judged: verdicts by position over the row's constraints, outcome None where nothing was graded.

    `format` names how the thought is marked; an empty one is not `reasoned`. `loose` are IFEval's second verdicts, None under other presets; `truncated` is None where nobody said.
    """

    row: str
    sample: int
    verdicts: list[bool]
    outcome: Outcome | None = None
    state: State = "none"
    format: str | None = None
    reasoned: bool = True
    truncated: bool | None = None
    reasoning_tokens: int | None = None
    answer_tokens: int | None = None
    loose: list[bool] | None = None
    calls: int | None = None
    prompt_tokens: int | None = None
    drawn_tokens: int | None = None
    p_yes: float | None = None
    p_word: float | None = None
    first: First | None = None

    @property
    def hacc(self) -> bool | None:
        """Whether every constraint holds; None without constraints."""
        return all(self.verdicts) if self.verdicts else None

    @property
    def sacc(self) -> float | None:
        """The share of constraints that hold; None without constraints."""
        return sum(self.verdicts) / len(self.verdicts) if self.verdicts else None

    @property
    def correct(self) -> bool | None:
        """Whether the answer is right; `outcome` tells the ways of not being so apart. None where there was no grading."""
        return self.outcome == "right" if self.outcome else None

    def line(self) -> Line:
        """The score as files hold it."""
        line: Line = {
            "row": self.row,
            "sample": self.sample,
            "verdicts": self.verdicts,
            "hacc": self.hacc,
            "sacc": self.sacc,
            "correct": self.correct,
            "outcome": self.outcome,
            "state": self.state,
            "format": self.format,
            "reasoned": self.reasoned,
            "cut": self.truncated,
            "reasoning_tokens": self.reasoning_tokens,
            "answer_tokens": self.answer_tokens,
        }
        first = self.first and {"verdicts": self.first.verdicts, "same": self.first.same}
        later = {key: getattr(self, key) for key in ("loose", *COSTS, *CHANCES)} | {"first": first}
        return line | {key: value for key, value in later.items() if value is not None}


def read_scores(file: str | Path) -> list[Score]:
    """The scores of a file that `score` wrote.

    Raises InputError, naming file and line, on a field that is missing or of another type, and on a sample that comes
    twice.
    """
    scores = [as_score(line, f"{file}:{number}") for number, line in iter_jsonl(file)]
    for (row, sample), times in Counter((score.row, score.sample) for score in scores).most_common(1):
        if times > 1:
            raise InputError(file, f"sample {sample} of row {row!r} comes {times} times", "score it again")
    return scores


def as_score(line: Line, where: str) -> Score:
    """A line of `scores.jsonl` as a score; raises InputError, opening with `where`, on a field of no use."""
    if absent := [key for key in (*_NEEDED, *_KNOWN) if key not in line]:
        raise InputError(where, f"no score: field {absent[0]!r} is missing", "score the responses again")
    fields: Line = {key: need(line, key, kind, where) for key, kind in _NEEDED.items()}
    fields |= {key: may(line, key, kind, where) for key, kind in (_KNOWN | _LATER).items()}
    if first := may(line, "first", OBJECT, where):
        verdicts, same = (need(first, key, kind, f"{where}: first") for key, kind in _FIRST.items())
        fields["first"] = First(verdicts, same)
    return Score(
        truncated=fields.pop("cut"), reasoned=may(line, "reasoned", FLAG, where) is not False, **fields
    )


_NEEDED: dict[str, Kind] = {
    "row": TEXT,
    "sample": COUNT,
    "verdicts": FLAGS,
    "state": choice(get_args(State)),
}
_KNOWN: dict[str, Kind] = {  # or null
    "outcome": choice(get_args(Outcome)),
    "cut": FLAG,
    "reasoning_tokens": COUNT,
    "answer_tokens": COUNT,
}
# Which older files, other presets and modes do not have.
_LATER: dict[str, Kind] = {
    "format": TEXT,
    "loose": FLAGS,
    **dict.fromkeys(COSTS, COUNT),
    **dict.fromkeys(CHANCES, CHANCE),
}
_FIRST: dict[str, Kind] = {"verdicts": FLAGS, "same": FLAG}
