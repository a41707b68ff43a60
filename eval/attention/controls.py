"""What else could explain a drop of attention: where tokens stand, and that something stands between.

The same answer is scored after the prompt alone, after the thought, after neutral filler of the thought's length, and
after another prompt's thought, cut to that length; and beside the constraints' tokens, as many others of the prompt,
in runs as long and about as far away. A drop that filler shows too is one of position; one that the random runs show
too is not one of constraints.
"""

from collections.abc import Sequence
from itertools import cycle, islice

from ..sample.checkpoint import Checkpoint
from ..sample.modes.reminders import NEUTRAL
from ..sample.prompt_places import Asked
from ..verify.rows import Row
from .sequence import Said


def contexts(
    checkpoint: Checkpoint, row: Row, asked: Asked, alone: Asked, said: Said, other: Said | None
) -> dict[str, tuple[Asked, list[int]]]:
    """What the answer is scored after: by name, the prompt and the tokens between it and the answer.

    `alone` is the prompt as `direct` asks it, with an empty thought where the template has thoughts; `other` is the
    reply to another problem. A reply without a thought has only the one context that it was given in.
    """
    if not (said.reasoned and said.closed and said.answer):
        return {"thought" if said.reasoned else "nothing": (asked, said.thought)}
    between = {"nothing": (alone, alone.lead), "thought": (asked, said.thought)}
    neutral = row.extra.get("neutral", NEUTRAL)
    between["filler"] = (asked, _wrapped(checkpoint, _filler(checkpoint, neutral, len(said.thought)), said))
    if other:
        between["other"] = (asked, _wrapped(checkpoint, other.thought, said))
    return between


def _filler(checkpoint: Checkpoint, neutral: Sequence[str], count: int) -> list[int]:
    """Neutral sentences of at least so many tokens."""
    opening = checkpoint.encode(checkpoint.form.opening)
    return opening + checkpoint.encode("\n".join(islice(cycle(neutral), count)))


def _wrapped(checkpoint: Checkpoint, tokens: list[int], said: Said) -> list[int]:
    """Tokens cut to the length of the thought, its closing tag included."""
    closing = checkpoint.encode(checkpoint.form.closing)
    return tokens[: max(0, len(said.thought) - len(closing))] + closing
