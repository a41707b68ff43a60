"""Every constraint type in one table, in the order in which their rewrites compose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from . import affix, case, format, language, length, lexical
from .errors import InputError
from .relation import RELATIONS

Kwargs = Mapping[str, Any]


@dataclass(frozen=True)
class Pools:
    """Where fresh kwargs come from; the defaults are MathIF's values. Ranges include both ends.

    Disjoint pools give training and test sets that share no value.
    """

    keywords: tuple[str, ...] = tuple(lexical.SYNONYMS)
    keywords_each: int = 2
    frequencies: tuple[int, int] = (1, 3)
    words: tuple[int, int] = (128, 1024)
    bullets: tuple[int, int] = (1, 5)
    highlights: tuple[int, int] = (1, 4)
    sections: tuple[int, int] = (1, 5)
    splitters: tuple[str, ...] = ("Section", "SECTION")
    capitals: tuple[int, int] = (1, 20)
    phrases: tuple[str, ...] = ("Any other questions?", "Is there anything else I can help with?")
    languages: tuple[str, ...] = ("bg", "bn", "de", "es", "he", "it", "ja", "kn", "mr", "ne", "pa", "pt", "ru", "sw",
                                  "ta", "th", "vi")  # fmt: skip
    relations: tuple[str, ...] = RELATIONS

    def keyword_list(self, rng: Random) -> list[str]:
        return sorted(rng.sample(self.keywords, self.keywords_each))


@dataclass(frozen=True)
class ConstraintType:
    """One type. The functions take the type's kwargs by name after the text (and, to rewrite, a Random)."""

    id: str
    category: Literal["length", "lexical", "format", "affix"]
    scope: Literal["local", "global"]
    kwargs: dict[str, type]
    wording: Callable[..., str]
    published: Callable[..., bool]
    ours: Callable[..., bool]
    rewrite: Callable[..., str]
    draw: Callable[[Random, Pools], dict[str, Any]]
    optional: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """IFEval's group, the first half of the id."""
        return self.id.split(":")[0]

    def read(self, kwargs: Kwargs | None) -> dict[str, Any]:
        """The kwargs without nulls, checked. Raises InputError on a missing, unknown or mistyped one."""
        given = {key: value for key, value in (kwargs or {}).items() if value is not None}
        for key in [*given, *self.kwargs]:
            if key not in self.kwargs:
                raise InputError(
                    f"{self.id}: unknown kwarg {key!r}; it takes {', '.join(self.kwargs) or 'none'}"
                )
            if key not in given and key not in self.optional:
                raise InputError(f"{self.id}: kwarg {key!r} is missing")
            if key in given and not isinstance(given[key], self.kwargs[key]):
                raise InputError(
                    f"{self.id}: kwarg {key!r} is {given[key]!r}, not {self.kwargs[key].__name__}"
                )
        for key, value in given.items():
            if key.endswith("relation") and value not in RELATIONS:
                raise InputError(f"{self.id}: kwarg {key!r} is {value!r}, not one of {', '.join(RELATIONS)}")
        if given.get("language", "en") not in language.LANGUAGES:
            raise InputError(
                f"{self.id}: unknown language {given['language']!r}; known: {', '.join(language.LANGUAGES)}"
            )
        return given

    def sample(self, rng: Random, pools: Pools = Pools(), question: str = "") -> dict[str, Any]:  # noqa: B008
        """Fresh kwargs; the question is what `combination:repeat_prompt` asks to repeat."""
        return {"prompt_to_repeat": question} if "prompt_to_repeat" in self.kwargs else self.draw(rng, pools)


def _nothing(rng: Random, pools: Pools) -> dict[str, Any]:
    return {}


TYPES: dict[str, ConstraintType] = {
    kind.id: kind
    for kind in (
        ConstraintType(
            "language:response_language", "lexical", "global", {"language": str},
            lambda language: f"Your answer should be in {_language_name(language)} language, "
            "no other language is allowed. ",
            language.in_language_published, language.in_language, language.translate,
            lambda rng, pools: {"language": rng.choice(pools.languages)},
        ),
        ConstraintType(
            "keywords:existence", "lexical", "local", {"keywords": list},
            lambda keywords: f'Include keywords "{sorted(keywords)}" in the response.',
            lexical.existence_published, lexical.existence, lexical.add_keywords,
            lambda rng, pools: {"keywords": pools.keyword_list(rng)},
        ),
        ConstraintType(
            "keywords:frequency", "lexical", "global", {"keyword": str, "frequency": int, "relation": str},
            lambda keyword, frequency, relation: f'In your response, the word "{keyword.strip()}" should appear '
            f"{relation} {frequency} times.",
            lexical.frequency_published, lexical.frequency, lexical.set_frequency,
            lambda rng, pools: {"keyword": rng.choice(pools.keywords), "frequency": rng.randint(*pools.frequencies),
                                "relation": rng.choice(pools.relations)},
        ),
        ConstraintType(
            "keywords:forbidden_words", "lexical", "local", {"forbidden_words": list},
            lambda forbidden_words: f'Do not include keywords "{sorted(set(forbidden_words))}" in the response.',
            lexical.forbidden_published, lexical.forbidden, lexical.replace_forbidden,
            lambda rng, pools: {"forbidden_words": pools.keyword_list(rng)},
        ),
        ConstraintType(
            "length_constraints:number_words", "length", "global", {"num_words": int, "relation": str},
            lambda num_words, relation: f"Answer with {relation} {num_words} words.",
            length.words_published, length.words, length.set_words,
            lambda rng, pools: {"num_words": rng.randint(*pools.words), "relation": rng.choice(pools.relations)},
        ),
        ConstraintType(
            "change_case:capital_word_frequency", "format", "global",
            {"capital_frequency": int, "capital_relation": str},
            lambda capital_frequency, capital_relation: "In your response, words with all capital letters should "
            f"appear {capital_relation} {capital_frequency} times.",
            case.capital_words_published, case.capital_words, case.set_capital_words,
            lambda rng, pools: {"capital_frequency": rng.randint(*pools.capitals),
                                "capital_relation": rng.choice(pools.relations)},
        ),
        ConstraintType(
            "detectable_format:multiple_sections", "format", "global", {"section_spliter": str, "num_sections": int},
            lambda section_spliter, num_sections: f"Your response must have {num_sections} sections. Mark the "
            "beginning of each section with {0} X, such as:\n{0} 1\n[content of section 1]\n{0} 2\n"
            "[content of section 2]".format(section_spliter.strip()),
            format.sections_published, format.sections, format.set_sections,
            lambda rng, pools: {"section_spliter": rng.choice(pools.splitters),
                                "num_sections": rng.randint(*pools.sections)},
        ),
        ConstraintType(
            "detectable_format:number_bullet_lists", "format", "global", {"num_bullets": int},
            lambda num_bullets: f"Your answer must contain exactly {num_bullets} bullet points. Use the markdown "
            "bullet points such as:\n* This is point 1. \n* This is point 2",
            format.bullets_published, format.bullets, format.set_bullets,
            lambda rng, pools: {"num_bullets": rng.randint(*pools.bullets)},
        ),
        ConstraintType(
            "detectable_format:number_highlighted_sections", "format", "global", {"num_highlights": int},
            lambda num_highlights: f"Highlight at least {num_highlights} sections in your answer with markdown, "
            "i.e. *highlighted section*.",
            format.highlights_published, format.highlights, format.add_highlights,
            lambda rng, pools: {"num_highlights": rng.randint(*pools.highlights)},
        ),
        ConstraintType(
            "combination:repeat_prompt", "affix", "local", {"prompt_to_repeat": str},
            lambda prompt_to_repeat: "First repeat the request word for word without change, then give your answer "
            "(1. do not say any words or characters before repeating the request; 2. the request you need to repeat "
            "does not include this sentence)",
            affix.repeat_published, affix.repeat, affix.repeat_prompt, _nothing,
        ),
        ConstraintType(
            "startend:end_checker", "affix", "local", {"end_phrase": str},
            lambda end_phrase: f'Finish your response with this exact phrase "{end_phrase.strip()}". No other words '
            "should follow this phrase.",
            affix.ends_published, affix.ends, affix.add_ending,
            lambda rng, pools: {"end_phrase": rng.choice(pools.phrases)},
        ),
        ConstraintType(
            "punctuation:no_comma", "format", "local", {"numbers": bool},
            lambda numbers=False: "In your entire response, refrain from the use of any commas.",
            lambda text, numbers=False: format.no_comma_published(text), format.no_comma, format.drop_commas,
            _nothing, optional=("numbers",),
        ),
        ConstraintType(
            "change_case:english_lowercase", "format", "local", {},
            lambda: "Your entire response should be in English, and in all lowercase letters. No capital letters "
            "are allowed.",
            case.lowercase_published, case.lowercase, case.lower_case, _nothing,
        ),
        ConstraintType(
            "change_case:english_capital", "format", "local", {},
            lambda: "Your entire response should be in English, and in all capital letters.",
            case.capital_published, case.capital, case.raise_case, _nothing,
        ),
        ConstraintType(
            "startend:quotation", "affix", "local", {},
            lambda: "Wrap your entire response with double quotation marks. ",
            affix.quoted_published, affix.quoted, affix.quote, _nothing,
        ),
    )
}  # fmt: skip


def _language_name(code: str) -> str:
    return language.LANGUAGES[code][0]
