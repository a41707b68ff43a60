"""An assistant's message as chat servers write it, read alike where we ask a server and where its answers come in a file."""

from typing import NamedTuple

from ..io.fields import TEXT, may
from ..io.jsonl import Line
from .responses import need_text, thought_beside

# Types of content parts that are thought, and the field each holds its text in: of Inspect and Anthropic, of Mistral text
# parts again. Anthropic's last holds none that anybody can read.
THOUGHTS = ("reasoning", "thinking", "redacted_thinking")


class Said(NamedTuple):
    """The text of a message, and the thought that stands apart from it; `hidden`: there is one that nobody can read."""

    text: str
    thought: str | None
    hidden: bool


def said_in(message: Line, where: str) -> Said:
    """A message's text, and the thought that stands in a field or a content part of its own.

    Raises InputError, opening with `where`, on content that is neither text nor a thought.
    """
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    thoughts = [part for part in parts if isinstance(part, dict) and part.get("type") in THOUGHTS]
    if thoughts:
        content = [part for part in parts if part not in thoughts]
    # No content is what servers write where a message is all thought; a refusal stands in a field of its own.
    content = message.get("refusal") or "" if content in (None, "", []) else content
    text = need_text({"content": content}, "content", where)
    named = thought_beside(message, where)
    thought = "\n".join(filter(None, (_thought(part, where) for part in thoughts))) or named or None
    return Said(text, thought, hidden=bool(thoughts) and not thought)


def _thought(part: Line, where: str) -> str:
    """The text of a part that is a thought: its summary where it is left out or encrypted; else empty."""
    kind = part["type"]
    if part.get(kind) and part.get("redacted") is not True:
        return need_text(part, kind, where)
    return may(part, "summary", TEXT, where) or ""
