"""What a server says is wrong with a request: whether it does not take a field, or only not its value.

Servers write it as OpenAI does (`param` and `code` beside the message), as FastAPI does (`loc` and `type` of each
error), or in words alone. What they repeat of the request is not read: it names every field.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

TEXTS = ("error", "errors", "detail", "message", "msg")  # where the words stand, or objects that hold them
TYPES = ("type", "code")
UNKNOWN = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|unexpected|forbidden|\bextra|additional propert|not support"
    r"|not (?:be )?(?:permitted|allowed|accepted|recogni[sz]ed|available|implemented)|n't support"
    r"|\buse\W+max_completion_tokens",
    re.IGNORECASE,
)
# Words that a field is known, and its value is at fault.
OUT_OF_RANGE = re.compile(
    r"too (?:large|big|high|many|long)|range|exceed|maximum|at most|greater|less than|between"
    r"|(?:invalid|unsupported)[ _]value|support \d",
    re.IGNORECASE,
)
# A word of every language, unlike the other fields' names: read only where it stands as a field's.
SEED = r"(?:^|[:`'\"(\[]|\b(?:parameter|argument|field|support)s? (?:the )?)\s*seed\b|\bseed\b[`'\"]?(?:\W+extra|:| (?:parameter|argument|field))"


class Complaint(NamedTuple):
    """One thing that is wrong: in words, with its type, and the fields that it is about where they are told apart."""

    text: str
    fields: tuple[str, ...] = ()

    def _about(self, name: str, sent: Iterable[str]) -> list[str]:
        """Its sentences about this field, among those that were sent."""
        if about := set(self.fields) & set(sent):
            return [self.text] if name in about else []
        named = re.compile(SEED if name == "seed" else rf"\b{name}\b", re.IGNORECASE)
        return [each for each in re.split(r"[.;]\s+", self.text) if named.search(each)]

    def refuses(self, name: str, sent: Iterable[str]) -> bool:
        """Whether the field is one that is not taken, whatever its value."""
        about = self._about(name, sent)
        return any(UNKNOWN.search(each) and not OUT_OF_RANGE.search(each) for each in about)

    def limits(self, name: str, sent: Iterable[str]) -> bool:
        """Whether the field is taken, but not so large a value."""
        return any(map(OUT_OF_RANGE.search, self._about(name, sent)))


def complaints_in(said: object) -> Iterator[Complaint]:
    """What an answer says is wrong, however deep in it."""
    if isinstance(said, str):
        yield Complaint(" ".join(said.split()))
    elif isinstance(said, list):
        for each in said:
            yield from complaints_in(each)
    elif isinstance(said, dict):
        for each in map(said.get, TEXTS):
            yield from [_typed(each, said)] if isinstance(each, str) else complaints_in(each)


def _typed(text: str, said: Mapping[str, object]) -> Complaint:
    """A complaint with what stands beside its words."""
    kinds = [kind for key in TYPES if isinstance(kind := said.get(key), str)]
    return Complaint(" ".join([*text.split(), *kinds]), _fields(said))


def _fields(said: Mapping[str, object]) -> tuple[str, ...]:
    place = said.get("loc")
    places = [*place, said.get("param")] if isinstance(place, list) else [said.get("param")]
    return tuple(each for each in places if isinstance(each, str))
