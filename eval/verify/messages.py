"""An assistant's message as chat servers write it, read alike where we ask a server and where its answers come in a file."""

from typing import NamedTuple

from ..io.jsonl import Line
from .responses import need_text, thought_beside

# Types of content parts that are thought, and the field each holds its text in: of Inspect and Anthropic, of Mistral text
# parts again.
THOUGHTS = ("reasoning", "thinking")


class Said(NamedTuple):
    """The text of a message, and the thought that stands apart from it."""

    text: str
    thought: str | None


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
    apart = "\n".join(need_text(part, part["type"], where) for part in thoughts)
    return Said(text, apart or thought_beside(message, where) or None)
