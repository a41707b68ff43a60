"""The wordings that hang on what a constraint says: its keywords, its letter, its language."""

import re
from collections.abc import Mapping
from typing import Any

from ...verify.constraints.language import language_name
from .vocabulary import COUNT, NEGATED, OFTEN, QUOTE, listing, words

_KEYWORD = (
    r"(?:(?:the|these|following|exact|a|negative|any|single) )*(?:(?:key)?words?|items|phrases?|names?"
    r"|terms?)"
)


def existence(kwargs: Mapping[str, Any]) -> list[str]:
    """Words that must be there."""
    listed = listing(kwargs["keywords"])
    verb = (
        r"(?:include|including|includes|use|using|uses|contain|containing|contains|mention|mentioning|have"
        r"|add|incorporate)"
    )
    return [
        rf"{verb} (?:{_KEYWORD}\s*:?\s*|both )?(?:such as )?{listed}",
        rf"{_KEYWORD}\s*:?\s*{listed}(?: {OFTEN})?",
        listed,
    ]


def forbidden(kwargs: Mapping[str, Any]) -> list[str]:
    """Words that must not be there."""
    listed = listing(kwargs["forbidden_words"])
    verb = (
        r"(?:(?:to )?(?:include|including|use|using|mention|mentioning|contain|containing|say|saying|have"
        r"|having|write|writing) )?"
    )
    negated = rf"{NEGATED} {verb}(?:{_KEYWORD}\s*(?:such as|like)?\s*:?\s*)?{listed}(?:,?\s*etc\.?)?"
    passive = (
        rf"(?:the )?(?:{_KEYWORD}\s*:?\s*)?{listed} (?:should|must|can|may|is|are|does|do)\s*(?:not|n['’]t"
        r"|never)[^.\n;]*"
    )
    return [negated, passive, rf"{_KEYWORD}\s*:?\s*{listed}", listed]


def frequency(kwargs: Mapping[str, Any]) -> list[str]:
    """A word so many times."""
    word = words([kwargs["keyword"]])
    verb = r"(?:include|includes|use|uses|using|contain|contains|mention|mentions|have|say|repeat)"
    thing = rf"(?:(?:the|a) )?(?:(?:key)?word|keyword|name|phrase)?s?\s*{word}"
    return [
        rf"{verb} {thing} {OFTEN}",
        (
            rf"{thing} (?:(?:should|must|to|can|will|has to|needs to) )*(?:(?:be )?(?:appears?|appearing"
            rf"|used?|mentioned|included|occurs?|show up) )?{OFTEN}"
        ),
        rf"{OFTEN} {thing}",
        rf"{NEGATED} (?:{verb}|mentioning|using)?\s*{thing}",
        rf"{verb} {thing}(?: each time)?",
        thing,
    ]


def letters(kwargs: Mapping[str, Any]) -> list[str]:
    """A letter so many times."""
    sign = re.escape(kwargs["letter"])
    name = {"#": "hashtags?", "!": "exclamation marks?"}.get(kwargs["letter"], "letters?")
    letter = rf"(?:the )?(?:letters? {QUOTE}?{sign}{QUOTE}?(?!\w)|{name}(?! \w{{2}})|{QUOTE}{sign}{QUOTE})"
    seen = r"(?:(?:should|must|to|can|will) )*(?:(?:be )?(?:appears?|appearing|used?|shows? up|included) )?"
    verb = r"(?:(?:include|use|using|contain|have) )?"
    return [
        rf"(?:{NEGATED} )?{verb}{letter} {seen}{OFTEN}",
        rf"{verb}{COUNT}{letter}(?: {QUOTE}{sign}{QUOTE})?",
        rf"{NEGATED} {verb}{letter}(?: (?:whatsoever|at all|anywhere))?",
        rf"{verb}{letter}",
    ]


def language(code: str) -> list[str]:
    """A language by its code, alone or with the ban of others."""
    name = re.escape(language_name(code))
    head = (
        r"(?:rewrite (?:the|this) (?:following )?\w+ )?(?:(?:using|use|in|entirely|only|be|with|the"
        r"|respond|reply|answer|outside of|to me) )*"
    )
    tail = r"(?: (?:language|script))?(?: only)?"
    other = (
        r"(?: in your response)?,?\s*(?:and )?no other language is allowed(?: (?:throughout|in) (?:your"
        r"|the) (?:entire )?\w+)?"
    )
    return [
        rf"{head}{name}{tail}{other}|no other language except {name}[^.\n]*",
        (
            r"(?:(?:using|use|respond|reply|answer|be|in|to me) )*(?:only|entirely) (?:(?:in"
            rf"|the) )*{name}{tail}"
        ),
        rf"(?:(?:be|written|respond|reply|answer) )*(?:in |the )+{name}{tail}",
        rf"{head}{name}{tail}",
        r"no other language[^.\n]*",
    ]
