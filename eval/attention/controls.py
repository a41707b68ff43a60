"""What else could explain a drop of attention: where tokens stand, and that something stands between.

The same answer is scored after the prompt alone, after the thought, after neutral filler of the thought's length, and
after another prompt's thought, cut to that length (of several where one is too short); and beside the constraints'
tokens, as many others of the prompt, in runs as long and about as far away. A drop that filler shows too is one of position; one that the random runs show
too is not one of constraints.
"""

from collections.abc import Iterable, Sequence
from itertools import cycle, islice

from ..sample.checkpoint import Checkpoint
from ..sample.modes.reminders import NEUTRAL
from ..sample.prompt_places import Asked
from ..verify.rows import Row
from .sequence import Said


def contexts(
    checkpoint: Checkpoint, row: Row, asked: Asked, alone: Asked, said: Said, others: Iterable[Said]
) -> dict[str, tuple[Asked, list[int]]]:
    """What the answer is scored after: by name, the prompt and the tokens between it and the answer.

    `alone` is the prompt as `direct` asks it, with an empty thought where the template has thoughts; `others` are
    replies to other problems. A reply without a thought has only the one context that it was given in.
    """
    if not (said.reasoned and said.closed and said.answer):
        return {"thought" if said.reasoned else "nothing": (asked, said.thought)}
    between = {"nothing": (alone, alone.lead), "thought": (asked, said.thought)}
    closing = checkpoint.encode(checkpoint.form.closing)
    room = max(0, len(said.thought) - len(closing))
    filler = _filler(checkpoint, row.extra.get("neutral", NEUTRAL), room)
    between["filler"] = (asked, filler[:room] + closing)
    if thought := _other_thought(checkpoint, others, room):
        between["other"] = (asked, thought[:room] + closing)
    return between


def _other_thought(checkpoint: Checkpoint, others: Iterable[Said], count: int) -> list[int]:
    """The first closed thought of at least so many tokens, without what closes it; where none is so long, the thoughts one
    after another; empty where they are too short together."""
    opening = checkpoint.encode(checkpoint.form.opening)
    joined: list[int] = []
    for other in others:
        if other.reasoned and other.closed:
            if len(other.unclosed) >= count:
                return other.unclosed
            opens_again = joined and other.unclosed[: len(opening)] == opening
            joined += other.unclosed[len(opening) :] if opens_again else other.unclosed
    return joined if len(joined) >= count else []


def _filler(checkpoint: Checkpoint, neutral: Sequence[str], count: int) -> list[int]:
    """Neutral sentences of at least so many tokens."""
    opening = checkpoint.encode(checkpoint.form.opening)
    return opening + checkpoint.encode("\n".join(islice(cycle(neutral), count)))
