"""What can be read again: responses whose prompts are made from the row alone, in so many contexts each."""

from ..io.errors import InputError
from ..sample.modes.names import parse_mode
from ..sample.modes.steered import Steering

CONTEXTS = ("nothing", "thought", "filler", "other")  # what an answer is scored after


def is_read(mode: str) -> bool:
    """Whether a response of this mode is an answer to one prompt, which the row and the mode make, and the model wrote it
    with the attention that reading it again finds."""
    kind = parse_mode(mode)
    return kind.answers and kind.needs is None and kind.passes == 1 and not isinstance(kind, Steering)


def refuse_unread(mode: str) -> None:
    """Raise InputError on another mode, by name."""
    if not is_read(mode):
        steered = isinstance(parse_mode(mode), Steering)
        why = "its replies were steered" if steered else "its prompt is not made from the row alone"
        raise InputError(
            f"mode {mode}",
            f"its attention cannot be read: {why}",
            "give responses of another mode, as think, direct or cot",
        )
