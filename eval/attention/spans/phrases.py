"""The ways in which IFEval's writers say each constraint: patterns over a prompt, most telling first.

IFEval (arXiv 2311.07911) wrote its instructions from templates and had them reworded by hand, so a constraint is said
in one of a few dozen ways. A pattern here is the core of such a way, its own object included; what leads up to it
("Make sure that your response should …") and what follows ("… in your entire response") are the same for all types.
A blank in a pattern stands for any blanks; reaches are bounded, so that a long prompt takes time in proportion.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .own_words import existence, forbidden, frequency, language, letters
from .vocabulary import COUNT, NEGATED, NUMBER, QUOTE, WRITE, words

Patterns = Callable[[Mapping[str, Any]], list[str]]


def _fixed(*patterns: str) -> Patterns:
    return lambda kwargs: list(patterns)


_COMMAS = _fixed(
    (
        rf"{NEGATED} (?:(?:to|be|allowed|using|use|uses|the|of|contain|containing|contains|include"
        r"|including|have|having|any|a|single) )*commas?(?: at all)?"
    ),
    r"commas? (?:(?:are|is|should|must) (?:not|never) [^.\n,;]*)",
    r"commas?",
)
_CAPITALS = r"(?:(?:capital(?:ized)?|upper[\s-]?case) letters?|capitalized|upper[\s-]?case|caps\b|capitals)"
_SMALL = r"lower[\s-]?cases?(?: letters?)?"
_ENGLISH = r"your entire \w+ should be in English,? and in "
_NO_CAPITALS = (
    rf"(?:{NEGATED}) (?:(?:use|using|include|contain|any|have|be) )*(?:capital(?:ized)? letters?"
    r"|capitalizations?|capitals|upper[\s-]?case(?: letters?)?)(?: (?:are )?(?:allowed|whatsoever|used"
    r"|at all))*"
)
_ON = r"(?:(?!,? (?:and|but) (?:make|there|those|the|use|wrap|do|include)\b)[^.\n;])*"
_POINTS = r"(?:\s*\n+[*.][^\n]*)+"
_BULLETS = (
    r"(?: in your \w+)?(?: (?:in the following form(?:at)?|such as|like|with the format below"
    rf"|using the markdown bullet points)(?: such as)?\s*:?{_POINTS})?"
)
_LIKE = rf"the bullet points should be in (?:the form of|markdown such as):?{_POINTS}"
_NOTHING_AFTER = (
    r"(?: No other words should follow this phrase)?(?:\.? This phrase should be the very end[^.\n]*)?"
)
_STARS = (
    r"(?:\(?(?:\d+|six|three)?\s*(?:asterisks?|aterisk)?\s*(?:symbols?|marks?)?:?\s*\(?\*{3,7}\)?|(?:\d+"
    r"|six|three) asterisks?(?: (?:symbols?|marks?))?(?::?\s*\(?\*{3,7}\)?)?)"
)

PHRASES: dict[str, Patterns] = {
    "punctuation:no_comma": _COMMAS,
    "keywords:existence": existence,
    "keywords:forbidden_words": forbidden,
    "keywords:frequency": frequency,
    "keywords:letter_frequency": letters,
    "change_case:english_lowercase": _fixed(
        (
            rf"(?:{_ENGLISH}|in |use |using |only )*(?:(?:all|only|the|entirely|letters|your|in|of|are|be"
            rf"|must|should) )*{_SMALL}(?: (?:letters )?only)?(?:(?:,| and|\s*\(|\.)*\s*"
            rf"(?:with )?{_NO_CAPITALS}\)?)?|{_NO_CAPITALS}"
        ),
        r"not a single letter[^.,\n]*",
    ),
    "change_case:english_capital": _fixed(
        (
            rf"(?:{_ENGLISH}|in |use |using |only )*(?:(?:all|only|the|in|be|entirely) )*{_CAPITALS}"
            rf"(?: only)?(?:,?\s*(?:and )?no {_SMALL}(?: allowed)?)?"
        ),
        r"capitaliz(?:e|ing) (?:all|every|each) [^.,\n]*|all letters[^.\n]*capitalized",
    ),
    "change_case:capital_word_frequency": _fixed(
        (
            rf"(?:use |have |include |contain |limit )?(?:{COUNT})?(?:the |some |those |a few "
            r"|number of )*(?:words?|terms?)(?: or phrases)? (?:with|in|be in|that are in|should be in) "
            rf"(?:all )?{_CAPITALS}{_ON}|(?:limit |add )?(?:{COUNT})?(?:the |those |some )?(?:all[\s-]+)?"
            rf"(?:capital(?:ized)?|caps|stress) words{_ON}"
        ),
        rf"{COUNT}words[^.\n;]*{_CAPITALS}",
    ),
    "combination:repeat_prompt": _fixed(
        (
            r"(?:Before[^.\n]{0,60},\s*)?(?:first,? |let['’]s |just |You need to )?repl?eat [^.\n(]*?"
            r"(?:without (?:any )?(?:change|changing)[^.,\n(]*?(?=,|\.|\(|\n|$)|word (?:for|by) word"
            r"(?:,? without (?:any )?change)?(?: first)?)(?:, at the (?:very )?beginning[^.,\n]*)?"
        ),
        (
            r"(?:first,? |let['’]s |just |You need to )?repl?eat [^.,\n(]*(?:, before you[^.\n]*)?(?:\.+ "
            r"(?:you need to repeat it|do not change any word)[^.\n]*)*"
        ),
    ),
    "combination:two_responses": _fixed(
        (
            r"(?:give|provide|write|generate|recommend|create) (?:me )?(?:exactly )?two (?:different )?\w+"
            rf"(?: \w+)?,? (?:and )?separat(?:ed|e|ing) (?:them )?(?:by|with|using) {_STARS}"
        ),
        r"(?:give|provide) (?:me )?exactly two (?:different )?\w+",
        (
            r"(?:(?:the )?(?:two )?(?:responses|answers|versions) should be )?(?:separated?"
            rf"|separating) [^.\n]{{0,200}}?{_STARS}"
        ),
        rf"[^.\n]{{0,200}}?{_STARS}",
    ),
    "detectable_content:number_placeholders": _fixed(
        (
            rf"(?:include |contain |have |use )?{COUNT}placeholders?(?:,? (?:which should be )?"
            r"(?:represented by|with|in|wrapped in|using) (?:square )?brackets)?"
        ),
        r"placeholders?[^.\n;]*",
    ),
    "detectable_content:postscript": _fixed(
        (
            r"(?:(?<!and\s)at the end of your \w+,\s*)?(?:please )?(?:explicitly )?(?:add|include|including|end"
            r"|finish|put|with|write|use|leave|contain|append) (?:[^.\n,;]{0,40}\s)?(?:a )?"
            r"(?:post\s?script|note|p\.p\.s|p\.s)[^.\n,]*?(?:P\.P\.S\.?|P\.S\.?)(?: at the end)?"
        ),
        r"(?:with )?(?:a )?(?:post\s?script[^.\n]*)?(?:P\.P\.S\.?|P\.S\.?)(?: at the end)?",
    ),
    "detectable_format:constrained_response": _fixed(
        (
            r"(?:answer|choose|respond|reply|say|just say|pick|select|contain"
            r"|include)\b[^.?!\n]{0,90}[\s\S]{0,4}My answer is yes[\s\S]*?My answer is maybe\.?[\"”')]*"
            r"(?:\s*--[^.\n]*\.)?"
        ),
    ),
    "detectable_format:json_format": _fixed(
        (
            r"(?:wrap(?:ped)?|format(?:ted)?|put|use) (?:[^.,\n]{0,40}\s)?(?:in|into|as|using|one"
            r"|inside)?\s*(?:an? |one )?(?:valid )?JSON(?: (?:format|block|object))?|(?:in|as) (?:a )?"
            r"(?:valid )?JSON(?: (?:format|block|object))?|(?:only|just) contains? a JSON block"
        ),
        r"(?:in|as) (?:a )?(?:valid )?JSON(?: (?:format|block|object))?",
        r"JSON(?: (?:format|block|object))?",
    ),
    "detectable_format:multiple_sections": lambda kwargs: [
        (
            rf"(?:have|contain|include|has) {COUNT}(?:sections?|parts?|\w+s)\b[^.\n]*?(?:marked|mark"
            r"|with each|noted|labell?ed|start)[^.\n]*"
        ),
        (
            rf"(?:have |write an? )?{COUNT}(?:sections?|parts?|paragraphs?(?: \w+(?= of))?)\b|(?:mark|label|note|name|separate"
            rf"|each)\b[^.]*?\b{re.escape(kwargs['section_spliter'].strip())}\b[^.\n]*"
        ),
        rf"{COUNT}(?:chapters|rounds|days|acts)\b",
    ],
    "detectable_format:number_bullet_lists": _fixed(
        (
            r"(?:use |using |include |includes |contain |contains |with |in the form of |in the format of "
            rf"|as a list of |write |have )?(?:{COUNT}(?:very short )?)(?:markdown )?bullets?(?: points?)?"
            rf"(?: in (?:the )?markdown(?: format)?)?{_BULLETS}|{_LIKE}"
        ),
        rf"(?:using |use )?(?:markdown )?bullet(?:ed)? (?:points?|list)[^.\n:]*(?::{_POINTS})?",
    ),
    "detectable_format:number_highlighted_sections": _fixed(
        (
            rf"(?:use markdown to )?(?:highlight|italicize|bold) (?:{COUNT}|some )(?:\w+ ){{0,3}}?"
            r"(?:sections?|parts?|phrases?|words?|titles?|ideas?|points?)\b[^.\n;]*?(?=[,.(\n]| and "
            r"(?:make|do|use|wrap|include|add)|$)"
        ),
        (
            rf"(?:contains? |include |have )?{COUNT}(?:highlighted|italic) (?:text )?(?:sections?|phrases?"
            r"|parts?)[^.\n,]*"
        ),
        r"(?:highlight|italicize)\b[^.\n]*",
        rf"(?:contain )?{COUNT}sections[^.\n,]*",
        r"\*[\w\s]+\*",
    ),
    "detectable_format:title": _fixed(
        (
            r"(?:contain(?:s|ing)?|include|including|have|has|add|give|provide|with|put"
            r"|wrap) [^.\n,;]{0,60}?,?\s*(?:that is )?(?:wrapped |contained |enclosed )?(?:in|inside|with"
            r"|by) double angular brackets"
        ),
        r"(?:followed by )?(?:(?:the|an?) )?(?:suggested )?(?:title|name)[^.\n;]{0,80}?double angular brackets",
        r"[^.\n,;]{0,40}double angular brackets",
    ),
    "language:response_language": lambda kwargs: language(kwargs["language"]),
    "length_constraints:nth_paragraph_first_word": lambda kwargs: [
        (
            r"(?:the )?(?:very )?(?:\w+ paragraph|paragraph \w+) (?:must|should|has to|needs to)?\s*"
            rf"(?:start|begin)s? with (?:the )?(?:word |phrase )?{words([kwargs['first_word']])}"
        ),
        (
            r"(?:start|begin) (?:the )?(?:\w+ paragraph|paragraph \w+) with (?:the )?"
            rf"(?:word )?{words([kwargs['first_word']])}"
        ),
        rf"[^.\n]{{0,60}}(?:start|begin)s? with [^.\n]*?{words([kwargs['first_word']])}",
    ],
    "length_constraints:number_paragraphs": _fixed(
        (
            rf"{WRITE}(?:in |has |have |with |into )?{COUNT}(?:short )?(?:paragraphs?|sections?|parts?"
            r"|stanzas?|verses?)(?:(?:\s*\(|,)?\s*(?:where each \w+ is )?(?:and )?(?:separat"
            rf"|divid)[^.\n]*?\*{{3}}\)?)?"
        ),
        r"separate[^.\n]*?(?:\*{3}|asterisk|three)[^.,\n]*",
        r"[^\n]+\n\*{3}\n(?:[\s\S]*\n\*{3}\n)?[^\n]+",
    ),
    "length_constraints:number_sentences": _fixed(
        rf"{WRITE}(?:contains? )?{COUNT}(?:\w+ )?sentences?(?: long)?|\d+-line \w+",
        r"number of sentences[^.\n]*",
        r"(?:the )?\w+[\s-]+(?:line|sentence)s?\b",
    ),
    "length_constraints:number_words": _fixed(
        r"(?:limit the )?(?:total )?number of words[^.\n]*",
        rf"{WRITE}{COUNT}words?(?: long)?",
        rf"{NUMBER}\s*\+\s*words?",
    ),
    "startend:end_checker": lambda kwargs: [
        (
            rf"(?:(?:finish|end|conclude|close)\b[^.\n]{{0,60}}?|(?:the )?very (?:end"
            rf"|last)\b[^.\n]{{0,80}}?)"
            rf"(?:[:\s]\s*){QUOTE}?{re.escape(kwargs['end_phrase'].strip())}{QUOTE}?\.?{_NOTHING_AFTER}"
        ),
        rf"[^.\n]{{0,60}}?{QUOTE}?{re.escape(kwargs['end_phrase'].strip())}{QUOTE}?",
    ],
    "startend:quotation": _fixed(
        (
            r"(?:wrap(?:ped)?|put|enclosed?|surround(?:ed)?|place)\b[^.\n]{0,60}?(?:double )?(?:quotes"
            r"|quotations? marks?)(?: around (?:your|the) (?:entire |whole )?[\w-]+(?: response)?)?"
        ),
        r"double (?:quotes|quotations? marks?) (?:should|must) be[^.\n]*",
        r"[^.\n,;]{0,90}double (?:quotes|quotations? marks?)",
    ),
}  # fmt: skip
