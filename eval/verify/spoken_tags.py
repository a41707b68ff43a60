"""Which tags of a text are only spoken of: quoted, in code, or named in a sentence. The others are meant."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from .thought_formats import Tag

QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」"}
JOINS = {"and", "or", "and/or", "/", "&", "und", "oder", "et", "ou", "y", "e", "和", "与", "或"}
# What may stand between the tags of a pair that is named as a pair: `<think>...</think>`.
GAPS = {"", "...", "…"}
BESIDE = 40  # characters that are looked at on either side of a tag
FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`+[^`\n]+`+")
AFTER_WORDS = re.compile(r"\w[,;(]?[ \t]+\Z")
BEFORE_WORDS = re.compile(r"[ \t]+[^\W\d_]|[.,;:?!)]+(?:\s|\Z)")
NAMED_BEFORE = re.compile(
    r"\b(?:the|an?|use|using|write|writing|emit|called|named|tags?|token|with|between|by|closing|opening|inside|within|"
    r"before|after|follows|following)[ \t]+\Z",
    re.IGNORECASE,
)
NAMED_AFTER = re.compile(r"[ \t]+(?:tags?|tokens?|markers?|elements?|marks?)\b", re.IGNORECASE)


def meant(tags: Sequence[Tag], text: str) -> list[Tag]:
    """The tags that are neither quoted, in code, nor named as tags."""
    # Most texts have no code: it is looked for only where a tick or a tilde stands.
    code = _code(text) if tags and ("`" in text or "~~~" in text) else []
    starts = [start for start, _ in code]
    kept: list[Tag] = []
    previous: Tag | None = None
    for tag in tags:
        span_index = bisect_right(starts, tag.start) - 1
        in_code = span_index >= 0 and tag.start < code[span_index][1]
        if previous and _are_joined(previous, tag, text):
            if kept and kept[-1] is previous:
                kept.pop()
        elif not (in_code or _is_quoted(tag, text) or _is_named(tag, text)):
            kept.append(tag)
        previous = tag
    return kept


def is_in_sentence(tag: Tag, text: str) -> bool:
    """Whether words lead up to a tag and go on after it, on one line."""
    return bool(AFTER_WORDS.search(_before(tag, text)) and BEFORE_WORDS.match(text, tag.end))


def _before(tag: Tag, text: str) -> str:
    return text[max(0, tag.start - BESIDE) : tag.start]


def _is_quoted(tag: Tag, text: str) -> bool:
    """Between quotation marks, the first of which does not end a word or sentence."""
    before = _before(tag, text)
    closing = QUOTES.get(before[-1:])
    opens = before[-2:-1] in ("", " ", "\n", "\t", "(", "[")
    return opens and closing is not None and text.startswith(closing, tag.end)


def _is_named(tag: Tag, text: str) -> bool:
    if AFTER_WORDS.search(_before(tag, text)) and NAMED_AFTER.match(text, tag.end):
        return True
    return bool(NAMED_BEFORE.search(_before(tag, text)) and BEFORE_WORDS.match(text, tag.end))


def _are_joined(opening: Tag, closing: Tag, text: str) -> bool:
    """`<a> and </a>`, or `<a></a>` in the midst of a line: a pair that is named, not used."""
    if (opening.kind, closing.kind) != ("opens", "closes"):
        return False
    between = (
        text[opening.end : closing.start].strip().lower() if closing.start - opening.end < BESIDE else "long"
    )
    return between in JOINS or (between in GAPS and bool(AFTER_WORDS.search(_before(opening, text))))


def _code(text: str) -> list[tuple[int, int]]:
    """Where code lies, in order: closed fences, and spans in backticks within a line."""
    fences = _fences(text)
    starts = [start for start, _ in fences]
    spans = [
        span
        for span in (match.span() for match in INLINE.finditer(text))
        if (place := bisect_right(starts, span[0]) - 1) < 0 or span[0] >= fences[place][1]
    ]
    return sorted(fences + spans)


def _fences(text: str) -> list[tuple[int, int]]:
    """Closed code blocks. A fence that is never closed hides nothing, and makes those without a language doubtful."""
    spans: list[tuple[int, int, bool]] = []
    opened: re.Match[str] | None = None
    for fence in FENCE.finditer(text):
        if opened is None or fence[2].strip():
            opened = fence
        elif fence[1].startswith(opened[1]):
            spans.append((opened.start(), fence.end(), bool(opened[2].strip())))
            opened = None
    doubtful = opened is not None and not opened[2].strip()
    return [(start, end) for start, end, language in spans if language or not doubtful]
