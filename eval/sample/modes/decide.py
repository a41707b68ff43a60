"""The mode that only decides: from the instruction alone, would thinking help? YES or NO.

Read from the probabilities of both words at the first token where the engine gives them, else from the text ("When
Thinking Fails", arXiv 2505.11423, section 4, reads the text). Policies are made of it; it answers no row.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ...verify.decision import DECIDE, NO, YES, decision_turn
from ...verify.thought_formats import ThoughtFormat
from ..settings import Sampling
from .mode import Codec, Mode

TOKENS = 8  # room for a word, and for what some models put before it
LIKELIEST = 20  # tokens that servers tell the probabilities of


@dataclass(frozen=True)
class Decide(Mode):
    """YES or NO, once for a row, greedily, without a thought where the template has thoughts."""

    name = DECIDE
    by_chat = True
    direct = True
    answers = False

    def turn(self, asked: str, form: ThoughtFormat) -> str:
        return decision_turn(asked)

    def sampling(self, sampling: Sampling, *, chat: bool = False) -> Sampling:
        most = sampling.max_new_tokens if chat else min(TOKENS, sampling.max_new_tokens)
        changed = {"samples": 1, "temperature": 0.0, "max_new_tokens": most}
        return sampling.model_copy(update=changed)


@dataclass(frozen=True)
class Decision:
    """`p_yes`: of YES against NO. `p_word`: of either of them against all other first tokens; None where a text was read."""

    p_yes: float
    p_word: float | None = None


def first_tokens(codec: Codec) -> tuple[list[int], list[int]]:
    """The tokens that begin YES, and those that begin NO, in their spellings; what begins both tells nothing."""
    yes, no = (
        {
            codec.encode(space + spelled)[0]
            for spelled in (word, word.title(), word.lower())
            for space in ("", " ")
        }
        for word in (YES, NO)
    )
    return sorted(yes - no), sorted(no - yes)


def decided(yes: Iterable[float], no: Iterable[float], text: str) -> Decision | None:
    """The decision from the log-probabilities of both words at the first token, else from the text; None of neither."""
    p_yes, p_no = (sum(map(math.exp, logs)) for logs in (yes, no))
    if p_yes + p_no > 0:
        return Decision(p_yes / (p_yes + p_no), p_yes + p_no)
    word = next(iter(text.upper().replace("*", " ").split()), "").strip(".,:;!\"'()")
    return Decision(float(word == YES)) if word in (YES, NO) else None
