"""Which modes' responses can be read again: those whose prompts are made from the row alone."""

from ..io.errors import InputError
from ..sample.modes.names import parse_mode


def is_read(mode: str) -> bool:
    """Whether a response of this mode is an answer to one prompt, which the row and the mode make."""
    kind = parse_mode(mode)
    return kind.answers and kind.needs is None and kind.passes == 1


def refuse_unread(mode: str) -> None:
    """Raise InputError on another mode, by name."""
    if not is_read(mode):
        raise InputError(
            f"mode {mode}",
            "its attention cannot be read: its prompt is not made from the row alone",
            "give responses of another mode, as think, direct or cot",
        )
