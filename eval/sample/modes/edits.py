"""How reasoning is asked for: each mode is a small rewrite of what the model has written so far.

think       as the checkpoint does by itself
direct      no reasoning: the template's own switch (`enable_thinking`), else an empty closed thought goes first
cot         the prompt asks for a thought in tags before the answer: for models that do not reason by themselves
budget N    an open thought is closed by force after N tokens
wait N      each attempt to close the thought is met with "Wait", N times (budget forcing: s1, arXiv 2501.19393;
            MathIF section 5.3)
repeat      the constraints are said again at the end of the thought, which is then closed (MathIF section 5.3
            does not publish its wording; this one is ours), in the benchmarks' words where a row has none of its own
remind      the control of repeat: as many words that say nothing about the constraints
pad N       N neutral sentences go in before the last line of the model's own thought, which is then closed: a
            longer thought that says no more
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Protocol

from ...io.errors import InputError
from ...verify import Split, describe, split_reasoning
from ...verify.constraints.ifbench import IFBENCH
from ...verify.rows import Row
from ...verify.thought_formats import ThoughtFormat

PLAIN = ("think", "direct", "cot", "repeat", "remind")
COUNTED = ("budget", "wait", "pad")
WAIT = "Wait"
REMINDER = "Wait, the answer must follow this as well:"
ASIDE = "Wait, I can take my time with this:"  # as many words as REMINDER
NEUTRAL = (
    "Let me go on.",
    "I am still thinking about this.",
    "One thing after the other.",
    "I take my time.",
)


@dataclass(frozen=True)
class Edit:
    """What a rule does to a sample: keep the first `keep` of its tokens, then go on from `insert`."""

    keep: int
    insert: list[int]


class Rule(Protocol):
    """Watches one sample: called with its tokens after each drawn one, it may answer with an edit."""

    def __call__(self, tokens: list[int]) -> Edit | None: ...


class Codec(Protocol):
    """Text to tokens and back, as the checkpoint's tokenizer does it, and how its template marks a thought."""

    @property
    def form(self) -> ThoughtFormat: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: list[int]) -> str: ...

    def piece(self, token: int) -> str: ...


@dataclass(frozen=True)
class Mode:
    """A mode by name, with its number where it takes one."""

    name: str
    number: int = 0

    def request(self, form: ThoughtFormat) -> str:
        """What the prompt asks for beside the row; empty where nothing."""
        if self.name != "cot":
            return ""
        opening, closing = form.opening.strip(), form.closing.strip()
        return f"First think inside {opening} and {closing}. Then write your answer; only what follows {closing} is judged."

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule | None:
        """What watches one sample of `row`; `lead` is the thought that the prompt has already opened."""
        match self.name:
            case "budget":
                return Budget(codec, lead, self.number)
            case "wait":
                return AtClose(codec, lead, self.number, lambda text, split: text[: split.end] + WAIT)
            case "repeat" | "remind" if row.constraints:
                return AtClose(codec, lead, 1, partial(_reminded, reminder=self._reminder(row)))
            case "pad":
                return AtClose(codec, lead, 1, partial(_padded, filler=_filler(row, self.number)))
        return None

    def check_rows(self, rows: Iterable[Row]) -> None:
        """Raise InputError where there is nothing to say again, or no sentence for it."""
        constraints = [(row.name, constraint) for row in rows for constraint in row.constraints]
        if self.name not in ("repeat", "remind"):
            return
        if not constraints:
            raise InputError(f"mode {self.name}", "no row has a constraint to repeat", "ask in another mode")
        for name, constraint in constraints:
            if not constraint.description.strip() and constraint.id in IFBENCH:
                said = f"{constraint.id} of {name} has no description, and IFBench words it in its question alone"
                raise InputError(
                    f"mode {self.name}", said, "write a constraint_desc into the row, or ask in another mode"
                )

    def _reminder(self, row: Row) -> str:
        """What is said at the end of the thought: the constraints once more, or as many words beside the point."""
        reminder = _constraints_again(row)
        if self.name == "repeat":
            return f"{REMINDER} {reminder}"
        words = islice(cycle(" ".join(NEUTRAL).split()), len(reminder.split()))
        return f"{ASIDE} {' '.join(words)}"

    def most_inserted(self, codec: Codec, row: Row) -> int:
        """Tokens that its edits may add to those that are drawn, with as many again to spare: text that an edit moves
        can be cut into other tokens than it was drawn in."""
        closing = codec.form.closing
        match self.name:
            case "budget":
                text = closing
            case "wait":
                text = f"{closing}{WAIT}" * self.number
            case "repeat" | "remind" if row.constraints:
                text = f"\n{self._reminder(row)}{closing}"
            case "pad":
                text = f"{_filler(row, self.number)}\n{closing}"
            case _:
                return 0
        return 2 * len(codec.encode(text))


def parse_mode(text: str) -> Mode:
    """Read `think`, `budget 100`, `budget-100`, …; raises InputError on what is no mode."""
    name, _, number = text.replace("-", " ").partition(" ")
    if name in PLAIN and not number:
        return Mode(name)
    if name in COUNTED and number.isdecimal() and int(number):
        return Mode(name, int(number))
    known = ", ".join([*PLAIN, *(f"{name} N" for name in COUNTED)])
    raise InputError("mode", f"{text!r} is unknown", f"use one of {known}, N from 1")


class AtClose:
    """When the thought closes, go on from `rewrite(text, its split)` instead; so many times."""

    def __init__(self, codec: Codec, lead: str, times: int, rewrite: Callable[[str, Split], str]):
        self.codec, self.lead, self.left, self.rewrite = codec, lead, times, rewrite
        self.sign = codec.form.closing.rstrip()[-1]

    def __call__(self, tokens: list[int]) -> Edit | None:
        if not self.left or self.sign not in self.codec.piece(tokens[-1]):
            return None
        text = self.lead + self.codec.decode(tokens)
        split = split_reasoning(text, known=self.codec.form)
        if split.state != "closed":
            return None
        self.left -= 1
        return _edit(self.codec, tokens, self.rewrite(text, split)[len(self.lead) :])


class Budget:
    """Close the thought once it has so many tokens."""

    def __init__(self, codec: Codec, lead: str, number: int):
        self.codec, self.lead, self.number = codec, lead, number
        self.opened = 0 if lead else None
        self.closed = False
        self.tag_end: int | None = None  # tokens up to a tag behind which nothing is written yet
        self.form = codec.form
        self.signs = {self.form.opening.rstrip()[-1], self.form.closing.rstrip()[-1]}

    def __call__(self, tokens: list[int]) -> Edit | None:
        if not self.closed:
            self._look(tokens)
        if self.closed or self.opened is None or len(tokens) - self.opened < self.number:
            return None
        self.closed = True
        return Edit(len(tokens), self.codec.encode(self.form.closing))

    def _look(self, tokens: list[int]) -> None:
        """Split the text where a tag may have ended, and until the first word behind it: a tag that ends a text after
        other words opens nothing yet."""
        piece = self.codec.piece(tokens[-1])
        if any(sign in piece for sign in self.signs):
            self.tag_end = len(tokens)
        if self.tag_end is None:
            return
        split = split_reasoning(self.lead + self.codec.decode(tokens), known=self.codec.form)
        self.closed, self.form = split.state == "closed", split.form or self.form
        if self.opened is None and split.state == "unclosed":
            self.opened = self.tag_end
        if self.tag_end < len(tokens) and piece.strip():
            self.tag_end = None


def _constraints_again(row: Row) -> str:
    """As the prompt has them, and in their types' own words where the question says them."""
    sentences = [
        constraint.description.strip() or describe(constraint.id, constraint.kwargs)
        for constraint in row.constraints
    ]
    return " ".join(sentences)


def _filler(row: Row, number: int) -> str:
    return "\n".join(islice(cycle(row.extra.get("neutral", NEUTRAL)), number))


def _edit(codec: Codec, tokens: list[int], text: str) -> Edit:
    """Go on from `text`, with as many of the sample's own tokens as it begins with."""
    keep = next(n for n in range(len(tokens), -1, -1) if text.startswith(codec.decode(tokens[:n])))
    return Edit(keep, codec.encode(text[len(codec.decode(tokens[:keep])) :]))


def _reminded(text: str, split: Split, reminder: str) -> str:
    return f"{text[: split.end].rstrip()}\n{reminder}{_closing(split)}"


def _padded(text: str, split: Split, filler: str) -> str:
    """The thought with neutral sentences before its last line, or before all of it when it has only one; closed."""
    blank, body = re.fullmatch(r"(\s*)(.*?)\s*", text[split.begin : split.end], re.DOTALL).groups()  # type: ignore[union-attr]
    before, newline, last = body.rpartition("\n")
    return f"{text[: split.begin]}{blank}{before}{newline}{filler}\n{last}{_closing(split)}"


def _closing(split: Split) -> str:
    """What closes this thought, in its own tags."""
    return split.form.closing if split.form else ""
