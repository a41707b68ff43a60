"""What a constraint type is, and where fresh kwargs come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from ...io.errors import InputError
from .language import LANGUAGES
from .legible import legible
from .lexical import SYNONYMS
from .patterns import pattern
from .relation import RELATIONS

Kwargs = Mapping[str, Any]


@dataclass(frozen=True)
class Pools:
    """Where fresh kwargs come from; the defaults are MathIF's and IFEval's values. Ranges include both ends.

    Disjoint pools give training and test sets that share no value.
    """

    keywords: tuple[str, ...] = tuple(SYNONYMS)
    keywords_each: int = 2
    frequencies: tuple[int, int] = (1, 3)
    letters: tuple[str, ...] = tuple("abcdefghijklmnopqrstuvwxyz")
    letter_counts: tuple[int, int] = (1, 10)
    words: tuple[int, int] = (128, 1024)
    sentences: tuple[int, int] = (2, 20)
    paragraphs: tuple[int, int] = (1, 5)
    bullets: tuple[int, int] = (1, 5)
    highlights: tuple[int, int] = (1, 4)
    sections: tuple[int, int] = (1, 5)
    splitters: tuple[str, ...] = ("Section", "SECTION")
    placeholders: tuple[int, int] = (1, 4)
    capitals: tuple[int, int] = (1, 20)
    phrases: tuple[str, ...] = ("Any other questions?", "Is there anything else I can help with?")
    markers: tuple[str, ...] = ("P.S.", "P.P.S")
    languages: tuple[str, ...] = tuple("bg bn de es he it ja kn mr ne pa pt ru sw ta th vi".split())
    relations: tuple[str, ...] = RELATIONS

    def keyword_list(self, rng: Random) -> list[str]:
        return sorted(rng.sample(self.keywords, self.keywords_each))


DEFAULT_POOLS = Pools()


@dataclass(frozen=True)
class ConstraintType:
    """One type. Its functions take the kwargs by name, after the text and, to rewrite, a Random.

    published judges as the benchmarks do, ours with the documented fixes (docs/verifiers.md).
    scope: a local rule is decided by single places in the text, a global one needs a count or the whole.
    """

    id: str
    category: Literal["length", "lexical", "format", "affix"]
    scope: Literal["local", "global"]
    kwargs: Mapping[str, type]
    wording: Callable[..., str]
    published: Callable[..., bool]
    ours: Callable[..., bool]
    rewrite: Callable[..., str]
    draw: Callable[[Random, Pools], dict[str, Any]] = lambda rng, pools: {}
    optional: tuple[str, ...] = ()
    patterns: Callable[..., list[str]] = lambda **kwargs: []  # the regular expressions of the published rule

    @property
    def group(self) -> str:
        """IFEval's group, the first half of the id."""
        return self.id.split(":")[0]

    def sample(self, rng: Random, pools: Pools = DEFAULT_POOLS, question: str = "") -> dict[str, Any]:
        """Fresh kwargs; the question is what `combination:repeat_prompt` asks to repeat."""
        return {"prompt_to_repeat": question} if "prompt_to_repeat" in self.kwargs else self.draw(rng, pools)

    def read(self, kwargs: Kwargs | None) -> dict[str, Any]:
        """The kwargs without nulls. Raises InputError on a missing, unknown, mistyped, blank or too small one."""
        values = {key: _whole(value) for key, value in (kwargs or {}).items() if value is not None}
        for key, value in values.items():
            if key not in self.kwargs:
                raise InputError(
                    self.id, f"unknown kwarg {key!r}", f"known: {', '.join(self.kwargs) or 'none'}"
                )
            if (
                not isinstance(value, self.kwargs[key])
                or isinstance(value, bool)
                and self.kwargs[key] is not bool
            ):
                raise InputError(self.id, f"{key} is {value!r}", f"give {self.kwargs[key].__name__}")
            if value not in _CHOICES.get(key, [value]):
                raise InputError(self.id, f"{key} is {value!r}", f"choose from {', '.join(_CHOICES[key])}")
        if missing := [key for key in self.kwargs if key not in values and key not in self.optional]:
            raise InputError(self.id, f"kwargs lack {', '.join(missing)}", "give them")
        for key, value in values.items():
            self._sensible(key, value)
        for low, high in _ORDERED:
            if {low, high} <= values.keys() and values[low] > values[high]:
                raise InputError(
                    self.id, f"{low} is {values[low]}, {high} {values[high]}", f"give {low} up to {high}"
                )
        return values

    def _sensible(self, key: str, value: Any) -> None:
        """Raises InputError on a value of the right type that no rule can use."""
        texts = value if isinstance(value, list) else [value] if key in _WORDS else []
        if wrong := [text for text in texts if not isinstance(text, str) or not text.strip()]:
            raise InputError(self.id, f"{key} holds {wrong[0]!r}", "give texts that are not blank")
        if value == []:
            raise InputError(self.id, f"{key} is empty", "give one text or more")
        if key == "letter" and len(legible(value).strip()) != 1:
            raise InputError(self.id, f"letter is {value!r}", "give one character")
        least = _LEAST.get((self.id, key), 0)
        if isinstance(value, int) and value < least:
            raise InputError(self.id, f"{key} is {value}", f"give {least} or more")

    def check_patterns(self, kwargs: Kwargs | None) -> None:
        """Raises InputError where the published rule cannot use a value of the kwargs as its pattern."""
        try:
            for source in self.patterns(**self.read(kwargs)):
                pattern(source)
        except InputError as error:
            raise error.within(self.id) from None


def _whole(value: Any) -> Any:
    """Tables with gaps hold whole numbers as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WORDS = (
    "keyword", "letter", "first_word", "section_spliter", "postscript_marker", "sep", "end_phrase", "prompt_to_repeat",
)  # fmt: skip
_ORDERED = (("nth_paragraph", "num_paragraphs"), ("min_words", "max_words"), ("n_start", "n_end"))
_LEAST = {
    ("length_constraints:nth_paragraph_first_word", "nth_paragraph"): 1,
    ("count:words_japanese", "N"): 1,
}
_CHOICES = {
    "relation": RELATIONS,
    "let_relation": RELATIONS,
    "capital_relation": RELATIONS,
    "language": tuple(LANGUAGES),
}
