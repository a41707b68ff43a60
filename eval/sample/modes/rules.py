"""Rules that edit a running reply: at the end of its thought, or when its thought has so many tokens; and what follows
a thought token by token."""

from collections.abc import Callable

from ...verify import Split, split_reasoning
from ...verify.reasoning import State
from .mode import Codec, Edit

OPENING = 16  # tokens in which a thought is opened, if at all


class AtClose:
    """When the thought closes, go on from `rewrite(text, its split)` instead; so many times."""

    look = 0

    def __init__(self, codec: Codec, lead: str, times: int, rewrite: Callable[[str, Split], str]):
        self.codec, self.lead, self.left, self.rewrite = codec, lead, times, rewrite
        self.sign = codec.form.closing.rstrip()[-1]

    def __call__(self, tokens: list[int]) -> Edit | None:
        if not self.left or self.sign not in self.codec.piece(tokens[-1]):
            return None
        text = self.lead + self.codec.decode(tokens)
        split = split_reasoning(text, known=self.codec.form)
        if split.state != "closed" or split.end < len(self.lead):  # the prompt may have closed one itself
            return None
        self.left -= 1
        return _edit(self.codec, tokens, self.rewrite(text, split)[len(self.lead) :])


class Thought:
    """The thought of one running reply: its state, its format, and the tokens before it (None until it opens)."""

    def __init__(self, codec: Codec, lead: str):
        self.codec, self.lead, self.form = codec, lead, codec.form
        self.state: State = split_reasoning(lead, known=codec.form).state
        self.start = 0 if self.state == "unclosed" else None
        self.tag_end: int | None = None  # tokens up to a tag behind which nothing is written yet
        self.signs = {self.form.opening.rstrip()[-1], self.form.closing.rstrip()[-1]}

    def follow(self, tokens: list[int]) -> None:
        """Split the text where a tag may have ended, and until the first word behind it: a tag that ends a text after
        other words opens nothing yet."""
        piece = self.codec.piece(tokens[-1])
        if any(sign in piece for sign in self.signs):
            self.tag_end = len(tokens)
        if self.tag_end is None:
            return
        split = split_reasoning(self.lead + self.codec.decode(tokens), known=self.codec.form)
        self.state, self.form = split.state, split.form or self.form
        if self.start is None and split.state == "unclosed":
            self.start = self.tag_end
        if self.tag_end < len(tokens) and piece.strip():
            self.tag_end = None


class AfterTokens:
    """Close the thought once it has so many tokens."""

    def __init__(self, codec: Codec, lead: str, number: int):
        self.codec, self.thought, self.number = codec, Thought(codec, lead), number
        self.look = number + OPENING
        self.closed = False

    def __call__(self, tokens: list[int]) -> Edit | None:
        if not self.closed:
            self.thought.follow(tokens)
            self.closed = self.thought.state == "closed"
        start = self.thought.start
        if self.closed or start is None or len(tokens) - start < self.number:
            return None
        self.closed = True
        return Edit(len(tokens), self.codec.encode(self.thought.form.closing))


def _edit(codec: Codec, tokens: list[int], text: str) -> Edit:
    """Go on from `text`, with as many of the sample's own tokens as it begins with."""
    keep = next(n for n in range(len(tokens), -1, -1) if text.startswith(codec.decode(tokens[:n])))
    return Edit(keep, codec.encode(text[len(codec.decode(tokens[:keep])) :]))


def closing(split: Split) -> str:
    """What closes this thought, in its own tags."""
    return split.form.closing if split.form else ""


def room_for(codec: Codec, text: str) -> int:
    """Tokens that putting in a text may take, with as many again to spare: text that an edit moves can be cut into other
    tokens than it was drawn in."""
    return 2 * len(codec.encode(text))
