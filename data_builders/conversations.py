"""Rows that hold a conversation: what the user asked last, and what was replied to that.

Two makes are read: OpenAI's (`messages`, of `role` and `content`) and ShareGPT's (`conversations`, of `from` and
`value`).
"""

from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.fields import shown
from ..eval.verify.responses import need_text, thought_beside
from ..eval.verify.thought_formats import THINK
from .readers import Record

COLUMNS = ("messages", "conversations")
SPEAKERS = {"human": "user", "gpt": "assistant"}
SETTING = {"system", "developer"}  # who says how to reply, and asks nothing


def holds_conversation(record: Record) -> bool:
    return any(column in record.fields for column in COLUMNS)


def last_question(record: Record) -> str:
    """What the user said last; raises InputError naming the place where nobody asks, or not by a text."""
    turns, last = _turns(record)
    return _text(turns[last], record.where)


def said_before(record: Record) -> str | None:
    """What stands before the last question, in words: a row would ask without it. None where nothing does, or blanks."""
    turns, last = _turns(record)
    speakers = {_speaker(turn) for turn in turns[:last] if not _is_blank(turn)}
    if not speakers:
        return None
    return "a question after earlier turns" if speakers - SETTING else "a question under a system's turn"


def reply(record: Record) -> str:
    """What the assistant replied to that, its thought in front where it stands apart; raises as `last_question`."""
    turns, last = _turns(record)
    replies = [turn for turn in turns[last + 1 :] if _speaker(turn) == "assistant"]
    if len(replies) != 1:
        said = f"{len(replies)} messages of the assistant after the user's last"
        raise InputError(record.where, said, "give one, the response")
    thought = thought_beside(replies[0], record.where)
    text = _text(replies[0], record.where)
    return text if thought is None else THINK.opening + thought + THINK.closing + text


def _turns(record: Record) -> tuple[list[dict[str, Any]], int]:
    """All turns, and the place of the user's last."""
    column = next(column for column in COLUMNS if column in record.fields)
    turns = record.fields[column]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise InputError(
            record.where, f"column {column!r} is {shown(turns)}", "give a list of role and content"
        )
    asked = [place for place, turn in enumerate(turns) if _speaker(turn) == "user"]
    if not asked:
        raise InputError(record.where, "no message of the user", f"give one in `{column}`")
    return turns, asked[-1]


def _speaker(turn: dict[str, Any]) -> Any:
    name = turn.get("role", turn.get("from"))
    return SPEAKERS.get(name, name) if isinstance(name, str) else None


def _is_blank(turn: dict[str, Any]) -> bool:
    content = turn.get("content", turn.get("value"))
    return not (content.strip() if isinstance(content, str) else content)


def _text(turn: dict[str, Any], where: str) -> str:
    return need_text(turn, "content" if "role" in turn else "value", where)
