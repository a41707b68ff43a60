"""The ways in which IFEval's writers say each constraint: patterns over a prompt, most telling first.

IFEval (arXiv 2311.07911) wrote its instructions from templates and had them reworded by hand, so a constraint is said
in one of a few dozen ways. A pattern here is the core of such a way, its own object included; what leads up to it
("Make sure that your response should …") and what follows ("… in your entire response") are the same for all types.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
_NUMBER = rf"(?:\d+|(?:{'|'.join(_UNITS[1:])}|thirty|forty|fifty|a few|few)\b)"
_BOUND = r"""(?:(?:at\s+least|at\s+most|(?:no\s+|not\s+)?(?:less|fewer|more)\s+than(?:\s+a\s+total\s+of)?|exactly|only|just|under|over|above|
around|about|up\s+to|a\s+(?:minimum|maximum|total)\s+of|between|in\s+the\s+range\s+of|or\s+more)\s+)*""".replace(
    "\n", ""
)
_COUNT = rf"{_BOUND}{_NUMBER}\+?(?:(?:\s*-\s*|\s+(?:to|and|or)\s+){_NUMBER})?(?:\s+or\s+(?:more|less|fewer|above))?[ -]+"
_WRITE = r"""(?:(?:please\s+)?(?:write|provide|use|keep\s+(?:it|(?:your|the)\s+(?:entire\s+)?\w+)|respond|answer|reply|expand\s+it|(?:put|separate)\s+(?:your|the)\s+\w+|
(?:i\s+would\s+like\s+you\s+to\s+)?(?:give|provide)\s+(?:me\s+)?(?:the|your)\s+\w+)\s+(?:with\s+|in\s+|into\s+)?)?""".replace(
    "\n", ""
)
_OFTEN = rf"""(?:(?:for\s+)?{_BOUND}(?:{_NUMBER}\s+(?:(?:to|or)\s+{_NUMBER}\s+)?(?:or\s+(?:more|less|fewer)\s+)?(?:or\s+more\s+)?times?|once|twice)
(?:\s+or\s+(?:more|less))?)""".replace("\n", "")
_QUOTE = "[\"'“”‘’`]"
_REPLY = r"""(?:(?:your|the|an?|this|its)\s+)?(?:(?:entire|whole|full|final|complete|own)\s+)*
(?:response|answer|reply|output|essay|story|poem|song|letter|email|post|text|blog\s+post|review|article|sentence|work|
rap|limerick|riddle|resume|proposal|summary|paragraph|tweet|ad|thread|advertisement|rewrite|thing)s?""".replace(
    "\n", ""
)

Patterns = Callable[[Mapping[str, Any]], list[str]]


def _fixed(*patterns: str) -> Patterns:
    return lambda kwargs: list(patterns)


def _words(texts: list[str]) -> str:
    """Any of some texts, quoted or not, as a list may go on after them."""
    escaped = "|".join(re.escape(text.strip()) for text in sorted(texts, key=len, reverse=True))
    return rf"{_QUOTE}?\b(?:{escaped})\b[.,]?{_QUOTE}?"


def _listing(texts: list[str]) -> str:
    """Words in a row: `"a", "b" and "c"`, `['a', 'b']`."""
    own = _words(texts)
    word, sep = rf"(?:{own}|{_QUOTE}\w+{_QUOTE})", r"(?:\s*,\s*(?:and|or|nor)?\s*|\s+(?:and|or|nor)\s+|\s+)"
    return rf"\[?(?:{_QUOTE}\w+{_QUOTE}{sep})*{own}(?:{sep}{word})*\]?"


_KEYWORD = r"(?:(?:the|these|following|exact|a|negative|any|single)\s+)*(?:(?:key)?words?|items|phrases?|names?|terms?)"


def _existence(kwargs: Mapping[str, Any]) -> list[str]:
    listed = _listing(kwargs["keywords"])
    verb = r"(?:include|including|includes|use|using|uses|contain|containing|contains|mention|mentioning|have|add|incorporate)"
    return [
        rf"{verb}\s+(?:{_KEYWORD}\s*:?\s*|both\s+)?(?:such\s+as\s+)?{listed}",
        rf"{_KEYWORD}\s*:?\s*{listed}(?:\s+{_OFTEN})?",
        listed,
    ]


def _forbidden(kwargs: Mapping[str, Any]) -> list[str]:
    listed = _listing(kwargs["forbidden_words"])
    verb = r"(?:(?:to\s+)?(?:include|including|use|using|mention|mentioning|contain|containing|say|saying|have|having|write|writing)\s+)?"
    negated = rf"{_NEGATED}\s+{verb}(?:{_KEYWORD}\s*(?:such\s+as|like)?\s*:?\s*)?{listed}(?:,?\s*etc\.?)?"
    passive = rf"(?:the\s+)?(?:{_KEYWORD}\s*:?\s*)?{listed}\s+(?:should|must|can|may|is|are|does|do)\s*(?:not|n['’]t|never)[^.\n;]*"
    return [negated, passive, rf"{_KEYWORD}\s*:?\s*{listed}", listed]


def _frequency(kwargs: Mapping[str, Any]) -> list[str]:
    word = _words([kwargs["keyword"]])
    verb = r"(?:include|includes|use|uses|using|contain|contains|mention|mentions|have|say|repeat)"
    thing = rf"(?:(?:the|a)\s+)?(?:(?:key)?word|keyword|name|phrase)?s?\s*{word}"
    return [
        rf"{verb}\s+{thing}\s+{_OFTEN}",
        rf"{thing}\s+(?:(?:should|must|to|can|will|has\s+to|needs\s+to)\s+)*(?:(?:be\s+)?(?:appears?|appearing|used?|mentioned|included|occurs?|show\s+up)\s+)?{_OFTEN}",
        rf"{_OFTEN}\s+{thing}",
        rf"{_NEGATED}\s+(?:{verb}|mentioning|using)?\s*{thing}",
        rf"{verb}\s+{thing}(?:\s+each\s+time)?",
        thing,
    ]


def _letters(kwargs: Mapping[str, Any]) -> list[str]:
    sign = re.escape(kwargs["letter"])
    name = {"#": "hashtags?", "!": "exclamation\\s+marks?"}.get(kwargs["letter"], "letters?")
    letter = rf"(?:the\s+)?(?:letters?\s+{_QUOTE}?{sign}{_QUOTE}?(?!\w)|{name}(?!\s+\w{{2}})|{_QUOTE}{sign}{_QUOTE})"
    seen = r"(?:(?:should|must|to|can|will)\s+)*(?:(?:be\s+)?(?:appears?|appearing|used?|shows?\s+up|included)\s+)?"
    verb = r"(?:(?:include|use|using|contain|have)\s+)?"
    return [
        rf"(?:{_NEGATED}\s+)?{verb}{letter}\s+{seen}{_OFTEN}",
        rf"{verb}{_COUNT}{letter}(?:\s+{_QUOTE}{sign}{_QUOTE})?",
        rf"{_NEGATED}\s+{verb}{letter}(?:\s+(?:whatsoever|at\s+all|anywhere))?",
        rf"{verb}{letter}",
    ]


_NEGATED = r"(?:(?:do|does|should|must|can|could|are|is)\s*(?:not|n['’]t)|cannot|without|avoid|never|refrain\s+from|no|not\s+to|not)"
_COMMAS = _fixed(
    rf"{_NEGATED}\s+(?:(?:to|be|allowed|using|use|uses|the|of|contain|containing|contains|include|including|have|having|any|a|single)\s+)*commas?(?:\s+at\s+all)?",
    r"commas?\s+(?:(?:are|is|should|must)\s+(?:not|never)\s+[^.\n,;]*)",
    r"commas?",
)
_CAPITALS = r"(?:(?:capital(?:ized)?|upper[\s-]?case)\s+letters?|capitalized|upper[\s-]?case|caps\b|capitals)"
_SMALL = r"lower[\s-]?cases?(?:\s+letters?)?"
_ENGLISH = r"your\s+entire\s+\w+\s+should\s+be\s+in\s+English,?\s+and\s+in\s+"
_NO_CAPITALS = rf"(?:{_NEGATED})\s+(?:(?:use|using|include|contain|any|have|be)\s+)*(?:capital(?:ized)?\s+letters?|capitalizations?|capitals|upper[\s-]?case(?:\s+letters?)?)(?:\s+(?:are\s+)?(?:allowed|whatsoever|used|at\s+all))*"
_ON = r"(?:(?!,?\s+(?:and|but)\s+(?:make|there|those|the|use|wrap|do|include)\b)[^.\n;])*"
_POINTS = r"(?:\s*\n+[*.][^\n]*)+"
_BULLETS = rf"(?:\s+in\s+your\s+\w+)?(?:\s+(?:in\s+the\s+following\s+form(?:at)?|such\s+as|like|with\s+the\s+format\s+below|using\s+the\s+markdown\s+bullet\s+points)(?:\s+such\s+as)?\s*:?{_POINTS})?"
_LIKE = rf"the\s+bullet\s+points\s+should\s+be\s+in\s+(?:the\s+form\s+of|markdown\s+such\s+as):?{_POINTS}"
_NOTHING_AFTER = r"(?:\s+No\s+other\s+words\s+should\s+follow\s+this\s+phrase)?(?:\.?\s+This\s+phrase\s+should\s+be\s+the\s+very\s+end[^.\n]*)?"
_STARS = r"(?:\(?(?:\d+|six|three)?\s*(?:asterisks?|aterisk)?\s*(?:symbols?|marks?)?:?\s*\(?\*{3,7}\)?|(?:\d+|six|three)\s+asterisks?(?:\s+(?:symbols?|marks?))?(?::?\s*\(?\*{3,7}\)?)?)"

PHRASES: dict[str, Patterns] = {
    "punctuation:no_comma": _COMMAS,
    "keywords:existence": _existence,
    "keywords:forbidden_words": _forbidden,
    "keywords:frequency": _frequency,
    "keywords:letter_frequency": _letters,
    "change_case:english_lowercase": _fixed(
        rf"(?:{_ENGLISH}|in\s+|use\s+|using\s+|only\s+)*(?:(?:all|only|the|entirely|letters|your|in|of|are|be|must|should)\s+)*{_SMALL}(?:\s+(?:letters\s+)?only)?(?:(?:,|\s+and|\s*\(|\.)*\s*(?:with\s+)?{_NO_CAPITALS}\)?)?|{_NO_CAPITALS}",
        r"not\s+a\s+single\s+letter[^.,\n]*",
    ),
    "change_case:english_capital": _fixed(
        rf"(?:{_ENGLISH}|in\s+|use\s+|using\s+|only\s+)*(?:(?:all|only|the|in|be|entirely)\s+)*{_CAPITALS}(?:\s+only)?(?:,?\s*(?:and\s+)?no\s+{_SMALL}(?:\s+allowed)?)?",
        r"capitaliz(?:e|ing)\s+(?:all|every|each)\s+[^.,\n]*|all\s+letters[^.\n]*capitalized",
    ),
    "change_case:capital_word_frequency": _fixed(
        rf"(?:use\s+|have\s+|include\s+|contain\s+|limit\s+)?(?:{_COUNT})?(?:the\s+|some\s+|those\s+|a\s+few\s+|number\s+of\s+)*(?:words?|terms?)(?:\s+or\s+phrases)?\s+(?:with|in|be\s+in|that\s+are\s+in|should\s+be\s+in)\s+(?:all\s+)?{_CAPITALS}{_ON}|(?:limit\s+|add\s+)?(?:{_COUNT})?(?:the\s+|those\s+|some\s+)?(?:all[\s-]+)?(?:capital(?:ized)?|caps|stress)\s+words{_ON}",
        rf"{_COUNT}words[^.\n;]*{_CAPITALS}",
    ),
    "combination:repeat_prompt": _fixed(
        r"(?:Before[^.\n]{0,60},\s*)?(?:first,?\s+|let['’]s\s+|just\s+|You\s+need\s+to\s+)?repl?eat\s+[^.\n(]*?(?:without\s+(?:any\s+)?(?:change|changing)[^.,\n(]*?(?=,|\.|\(|\n|$)|word\s+(?:for|by)\s+word(?:,?\s+without\s+(?:any\s+)?change)?(?:\s+first)?)",
        r"(?:first,?\s+|let['’]s\s+|just\s+|You\s+need\s+to\s+)?repl?eat\s+[^.,\n(]*(?:,\s+before\s+you[^.\n]*)?(?:\.+\s+(?:you\s+need\s+to\s+repeat\s+it|do\s+not\s+change\s+any\s+word)[^.\n]*)*",
    ),
    "combination:two_responses": _fixed(
        rf"(?:give|provide|write|generate|recommend|create)\s+(?:me\s+)?(?:exactly\s+)?two\s+(?:different\s+)?\w+(?:\s+\w+)?,?\s+(?:and\s+)?separat(?:ed|e|ing)\s+(?:them\s+)?(?:by|with|using)\s+{_STARS}",
        r"(?:give|provide)\s+(?:me\s+)?exactly\s+two\s+(?:different\s+)?\w+",
        rf"(?:(?:the\s+)?(?:two\s+)?(?:responses|answers|versions)\s+should\s+be\s+)?(?:separated?|separating)\s+[^.\n]*?{_STARS}",
        rf"[^.\n]*?{_STARS}",
    ),
    "detectable_content:number_placeholders": _fixed(
        rf"(?:include\s+|contain\s+|have\s+|use\s+)?{_COUNT}placeholders?(?:,?\s+(?:which\s+should\s+be\s+)?(?:represented\s+by|with|in|wrapped\s+in|using)\s+(?:square\s+)?brackets)?",
        r"placeholders?[^.\n;]*",
    ),
    "detectable_content:postscript": _fixed(
        r"(?:at\s+the\s+end\s+of\s+your\s+\w+,\s*)?(?:please\s+)?(?:explicitly\s+)?(?:add|include|including|end|finish|put|with|write|use|leave|contain|append)\s+(?:[^.\n,;]{0,40}\s)?(?:a\s+)?(?:post\s?script|note|p\.p\.s|p\.s)[^.\n,]*?(?:P\.P\.S\.?|P\.S\.?)(?:\s+at\s+the\s+end)?",
        r"(?:with\s+)?(?:a\s+)?(?:post\s?script[^.\n]*)?(?:P\.P\.S\.?|P\.S\.?)(?:\s+at\s+the\s+end)?",
    ),
    "detectable_format:constrained_response": _fixed(
        r"(?:answer|choose|respond|reply|say|just\s+say|pick|select|contain|include)\b[^.?!\n]{0,90}[\s\S]{0,4}My\s+answer\s+is\s+yes[\s\S]*?My\s+answer\s+is\s+maybe\.?[\"”')]*(?:\s*--[^.\n]*\.)?",
    ),
    "detectable_format:json_format": _fixed(
        r"(?:wrap(?:ped)?|format(?:ted)?|put|use)\s+(?:[^.,\n]{0,40}\s)?(?:in|into|as|using|one|inside)?\s*(?:an?\s+|one\s+)?(?:valid\s+)?JSON(?:\s+(?:format|block|object))?|(?:in|as)\s+(?:a\s+)?(?:valid\s+)?JSON(?:\s+(?:format|block|object))?|(?:only|just)\s+contains?\s+a\s+JSON\s+block",
        r"(?:in|as)\s+(?:a\s+)?(?:valid\s+)?JSON(?:\s+(?:format|block|object))?",
        r"JSON(?:\s+(?:format|block|object))?",
    ),
    "detectable_format:multiple_sections": lambda kwargs: [
        rf"(?:have|contain|include|has)\s+{_COUNT}(?:sections?|parts?|\w+s)\b[^.\n]*?(?:marked|mark|with\s+each|noted|labell?ed|start)[^.\n]*",
        rf"(?:have\s+)?{_COUNT}(?:sections?|parts?|paragraphs?)\b|(?:mark|label|note|name|separate|each)\b[^.]*?\b{re.escape(kwargs['section_spliter'].strip())}\b[^.\n]*",
        rf"{_COUNT}(?:chapters|rounds|days|acts)\b",
    ],
    "detectable_format:number_bullet_lists": _fixed(
        rf"(?:use\s+|using\s+|include\s+|includes\s+|contain\s+|contains\s+|with\s+|in\s+the\s+form\s+of\s+|in\s+the\s+format\s+of\s+|as\s+a\s+list\s+of\s+|write\s+|have\s+)?(?:{_COUNT}(?:very\s+short\s+)?)(?:markdown\s+)?bullets?(?:\s+points?)?(?:\s+in\s+(?:the\s+)?markdown(?:\s+format)?)?{_BULLETS}|{_LIKE}",
        rf"(?:using\s+|use\s+)?(?:markdown\s+)?bullet(?:ed)?\s+(?:points?|list)[^.\n:]*(?::{_POINTS})?",
    ),
    "detectable_format:number_highlighted_sections": _fixed(
        rf"(?:use\s+markdown\s+to\s+)?(?:highlight|italicize|bold)\s+(?:{_COUNT}|some\s+)(?:\w+\s+){{0,3}}?(?:sections?|parts?|phrases?|words?|titles?|ideas?|points?)\b[^.\n;]*?(?=[,.(\n]|\s+and\s+(?:make|do|use|wrap|include|add)|$)",
        rf"(?:contains?\s+|include\s+|have\s+)?{_COUNT}(?:highlighted|italic)\s+(?:text\s+)?(?:sections?|phrases?|parts?)[^.\n,]*",
        r"(?:highlight|italicize)\b[^.\n]*",
        rf"(?:contain\s+)?{_COUNT}sections[^.\n,]*",
        r"\*[\w\s]+\*",
    ),
    "detectable_format:title": _fixed(
        r"(?:contain(?:s|ing)?|include|including|have|has|add|give|provide|with|put|wrap)\s+[^.\n,;]{0,60}?,?\s*(?:that\s+is\s+)?(?:wrapped\s+|contained\s+|enclosed\s+)?(?:in|inside|with|by)\s+double\s+angular\s+brackets",
        r"(?:the\s+)?(?:title|name)[^.\n;]{0,80}?double\s+angular\s+brackets",
        r"[^.\n,;]{0,40}double\s+angular\s+brackets",
    ),
    "language:response_language": lambda kwargs: _language(kwargs["language"]),
    "length_constraints:nth_paragraph_first_word": lambda kwargs: [
        rf"(?:the\s+)?(?:very\s+)?(?:\w+\s+paragraph|paragraph\s+\w+)\s+(?:must|should|has\s+to|needs\s+to)?\s*(?:start|begin)s?\s+with\s+(?:the\s+)?(?:word\s+|phrase\s+)?{_words([kwargs['first_word']])}",
        rf"(?:start|begin)\s+(?:the\s+)?(?:\w+\s+paragraph|paragraph\s+\w+)\s+with\s+(?:the\s+)?(?:word\s+)?{_words([kwargs['first_word']])}",
        rf"[^.\n]{{0,60}}(?:start|begin)s?\s+with\s+[^.\n]*?{_words([kwargs['first_word']])}",
    ],
    "length_constraints:number_paragraphs": _fixed(
        rf"{_WRITE}(?:in\s+|has\s+|have\s+|with\s+|into\s+)?{_COUNT}(?:short\s+)?(?:paragraphs?|sections?|parts?|stanzas?|verses?)(?:(?:\s*\(|,)?\s*(?:where\s+each\s+\w+\s+is\s+)?(?:and\s+)?(?:separat|divid)[^.\n]*?\*{{3}}\)?)?",
        r"separate[^.\n]*?(?:\*{3}|asterisk|three)[^.,\n]*",
        r"[^\n]+\n\*{3}\n(?:[\s\S]*\n\*{3}\n)?[^\n]+",
    ),
    "length_constraints:number_sentences": _fixed(
        rf"{_WRITE}(?:contains?\s+)?{_COUNT}(?:\w+\s+)?sentences?(?:\s+long)?",
        r"number\s+of\s+sentences[^.\n]*",
        r"(?:the\s+)?\w+[\s-]+(?:line|sentence)s?\b",
    ),
    "length_constraints:number_words": _fixed(
        r"(?:limit\s+the\s+)?(?:total\s+)?number\s+of\s+words[^.\n]*",
        rf"{_WRITE}{_COUNT}words?(?:\s+long)?",
        rf"{_NUMBER}\s*\+\s*words?",
    ),
    "startend:end_checker": lambda kwargs: [
        rf"(?:(?:finish|end|conclude|close)\b[^.\n]{{0,60}}?|(?:the\s+)?very\s+(?:end|last)\b[^.\n]{{0,80}}?)(?:[:\s]\s*){_QUOTE}?{re.escape(kwargs['end_phrase'].strip())}{_QUOTE}?\.?{_NOTHING_AFTER}",
        rf"[^.\n]{{0,60}}?{_QUOTE}?{re.escape(kwargs['end_phrase'].strip())}{_QUOTE}?",
    ],
    "startend:quotation": _fixed(
        r"(?:wrap(?:ped)?|put|enclosed?|surround(?:ed)?|place)\b[^.\n]{0,60}?(?:double\s+)?(?:quotes|quotations?\s+marks?)(?:\s+around\s+(?:your|the)\s+(?:entire\s+|whole\s+)?[\w-]+(?:\s+response)?)?",
        r"double\s+(?:quotes|quotations?\s+marks?)\s+(?:should|must)\s+be[^.\n]*",
        r"[^.\n,;]{0,90}double\s+(?:quotes|quotations?\s+marks?)",
    ),
}  # fmt: skip


def _language(code: str) -> list[str]:
    from ..verify.constraints.language import language_name

    name = re.escape(language_name(code))
    head = r"(?:rewrite\s+(?:the|this)\s+(?:following\s+)?\w+\s+)?(?:(?:using|use|in|entirely|only|be|with|the|respond|reply|answer|outside\s+of|to\s+me)\s+)*"
    tail = r"(?:\s+(?:language|script))?(?:\s+only)?"
    other = r"(?:\s+in\s+your\s+response)?,?\s*(?:and\s+)?no\s+other\s+language\s+is\s+allowed(?:\s+(?:throughout|in)\s+(?:your|the)\s+(?:entire\s+)?\w+)?"
    return [
        rf"{head}{name}{tail}{other}|no\s+other\s+language\s+except\s+{name}[^.\n]*",
        rf"(?:(?:using|use|respond|reply|answer|be|in|to\s+me)\s+)*(?:only|entirely)\s+(?:(?:in|the)\s+)*{name}{tail}",
        rf"(?:(?:be|written|respond|reply|answer)\s+)*(?:in\s+|the\s+)+{name}{tail}",
        rf"{head}{name}{tail}",
        r"no\s+other\s+language[^.\n]*",
    ]


def says_number(text: str, number: int) -> bool:
    """Whether a text has a number, in digits or as a word."""
    word = _UNITS[number] if 0 <= number < len(_UNITS) else ""
    return bool(re.search(rf"\b(?:{number}{f'|{word}' if word else ''})\b", text, re.IGNORECASE))


def says_any_number(text: str) -> bool:
    """Whether a text has any number."""
    return bool(re.search(rf"\b{_NUMBER}", text, re.IGNORECASE))
