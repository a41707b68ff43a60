"""Scores: the verdicts and the outcome of one response, as `scores.jsonl` holds them.

A line holds `{row, sample, verdicts, hacc, sacc, correct, outcome, state, format, reasoned, cut,
reasoning_tokens, answer_tokens}`, and under preset `ifeval` `loose`. What follows from other fields is written for readers and computed again when read.
"""

from dataclasses import dataclass
from pathlib import Path

from ..io.jsonl import Line, read_jsonl
from ..verify.answers import Outcome
from ..verify.reasoning import State


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
        return line if self.loose is None else line | {"loose": self.loose}


def read_scores(file: str | Path) -> list[Score]:
    """The scores of a file that `score` wrote; raises InputError where it cannot be read."""
    return [
        Score(
            row=line["row"],
            sample=line["sample"],
            verdicts=line["verdicts"],
            outcome=line["outcome"],
            state=line["state"],
            format=line.get("format"),
            reasoned=line.get("reasoned", True),
            truncated=line["cut"],
            reasoning_tokens=line["reasoning_tokens"],
            answer_tokens=line["answer_tokens"],
            loose=line.get("loose"),
        )
        for line in read_jsonl(file)
    ]
