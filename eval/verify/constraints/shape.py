"""The answer's shape: paragraphs, title, JSON, fixed options, two responses."""

import json
import re
from collections.abc import Callable
from random import Random

from .fences import unfenced
from .format import share_out
from .legible import legible, unmarked
from .prose import FILLER, append
from .relation import DIVIDER, divided, in_each
from .scripts import OPENING, plain, word

OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_RULE = re.compile(r"\s*(?:[-*_]\s*){3,}")
_LEADING_MARKS = re.compile(rf"(?:{OPENING}|\n)*+")
_LEADING_SPACE = re.compile(r"\s*+")
_EMPHASIS = re.compile(r"\*\*\*(?=[^\s*])([^*\n]*[^\s*])\*\*\*(?!\*)")
_TITLE_LINE = re.compile(
    r"^[^\S\n]*+[*_#]*+[^\S\n]*+(?:《[^《》\n]+》|«[^«»\n]+»|⟪[^⟪⟫\n]+⟫)[*_]*+[^\S\n]*+$", re.MULTILINE
)


def paragraphs(text: str, num_paragraphs: int) -> bool:
    """Parts between `***` dividers, in each of two responses where there are two; `***words***` are emphasised."""
    return in_each(text, lambda part: paragraphs_published(_EMPHASIS.sub(r"\1", part), num_paragraphs))


def paragraphs_published(text: str, num_paragraphs: int) -> bool:
    """Parts between `***` dividers; a blank first or last part is none, a blank one between fails."""
    return _filled(re.split(r"\s?\*\*\*\s?", text)) == num_paragraphs


def _filled(parts: list[str]) -> int:
    """How many parts hold something, or -1 where a blank one stands between others."""
    inner = parts[1 if not parts[0].strip() else 0 : -1 if not parts[-1].strip() else None]
    return len(inner) if all(part.strip() for part in inner) else -1


def set_paragraphs(text: str, rng: Random, num_paragraphs: int) -> str:
    if paragraphs(text, num_paragraphs) and paragraphs_published(text, num_paragraphs):
        return text
    return "\n\n***\n\n".join(share_out(text.replace("***", ""), rng, num_paragraphs))


def first_word_published(text: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """The n-th part is looked up among all parts, blank ones included."""
    parts = text.split("\n\n")
    filled = sum(1 for part in parts if part.strip())
    if nth_paragraph > filled:
        return False
    return filled == num_paragraphs and _opens(parts[nth_paragraph - 1], first_word)


def nth_first_word(text: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """That many paragraphs that hold something, no rule (`---`), and the n-th of them opens with the word or words."""

    def holds(response: str) -> bool:
        parts = _BLANK_LINES.split(response)
        filled = [part for part in parts if part.strip() and not _RULE.fullmatch(part)]
        return len(filled) == num_paragraphs >= nth_paragraph and _starts(
            filled[nth_paragraph - 1], first_word
        )

    return in_each(legible(unfenced(text)), holds)


def _starts(paragraph: str, first_word: str) -> bool:
    """Whether the paragraph opens with the word, marks before it aside; a hyphen would make it another word."""
    starts = (_LEADING_MARKS.match(paragraph), _LEADING_SPACE.match(paragraph))
    matches = [word(first_word).match(paragraph, start.end()) for start in starts if start]
    return any(match and not re.match(r"-\w", paragraph[match.end() : match.end() + 2]) for match in matches)


def _opens(paragraph: str, first_word: str) -> bool:
    words = paragraph.split(None, 1)
    if not words:
        return False
    return re.split(r"[.,?!'\"]", words[0].lstrip("'").lstrip('"'))[0].lower() == first_word.lower()


def set_first_word(text: str, rng: Random, num_paragraphs: int, nth_paragraph: int, first_word: str) -> str:
    kwargs = (num_paragraphs, nth_paragraph, first_word)
    if nth_first_word(text, *kwargs) and first_word_published(text, *kwargs):
        return text
    parts = share_out(text, rng, num_paragraphs)
    if not _opens(parts[nth_paragraph - 1], first_word):
        parts[nth_paragraph - 1] = f"{first_word.capitalize()}. {parts[nth_paragraph - 1]}"
    return "\n\n".join(parts)


def title(text: str) -> bool:
    """A published title, or a line of its own in another script's double angular brackets, such as 《…》."""
    return title_published(legible(text)) or (not text.isascii() and _TITLE_LINE.search(text) is not None)


def title_published(text: str) -> bool:
    """Something between the first `<<` and the last `>>` of a line."""
    spans = ((line.find("<<"), line.rfind(">>"), line) for line in text.split("\n") if "<<" in line)
    return any(
        opening + 3 <= closing and line[opening : closing + 2].lstrip("<").rstrip(">").strip()
        for opening, closing, line in spans
    )


def add_title(text: str, rng: Random) -> str:
    return text if title_published(text) else f"<<Answer>>\n{text}"


def json_published(text: str) -> bool:
    """What Python's reader takes, in a fence or not: bare numbers and NaN too."""
    return _read(text) is not _NO_JSON


def json_whole(text: str) -> bool:
    """One object or list, in ticks or a whole fence of any name or not, behind a byte order mark or not."""
    text = text.strip().removeprefix("\ufeff")
    fenced = _WHOLE_FENCE.fullmatch(text)
    return isinstance(_loaded(fenced[2] if fenced else text, parse_constant=_refuse), dict | list)


_NO_JSON = object()
_WHOLE_FENCE = re.compile(r"(`{1,8}+|~{3,8}+)[^\n`~{\[]*+\n?(.*?)\1", re.DOTALL)


def _read(text: str) -> object:
    body = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        body = body.removeprefix(fence)
    return _loaded(body.removesuffix("```").strip())


def _loaded(text: str, parse_constant: Callable[[str], None] | None = None) -> object:
    try:
        return json.loads(text, parse_constant=parse_constant)
    except (ValueError, RecursionError):
        return _NO_JSON


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def wrap_json(text: str, rng: Random) -> str:
    return text if json_whole(text) else json.dumps({"answer": text}, ensure_ascii=False)


def option_published(text: str) -> bool:
    return any(option in text for option in OPTIONS)


def option(text: str) -> bool:
    """One of the options, emphasised or not, and not two of them."""
    answer = plain(unmarked(text))
    return sum(option in answer for option in OPTIONS) == 1


def add_option(text: str, rng: Random) -> str:
    if option(text) and option_published(text):
        return text
    for taken in OPTIONS:
        text = text.replace(taken, "")
    return append(text, rng.choice(OPTIONS))


def two_responses_published(text: str) -> bool:
    """Two different texts apart by `******`, before and after which nothing or blank may stand."""
    return _are_two(text.split(DIVIDER))


def two_responses(text: str) -> bool:
    """The same, apart by six asterisks and no more."""
    return _are_two(divided(text))


def _are_two(pieces: list[str]) -> bool:
    parts = [part.strip() for part in pieces]
    responses = [part for part in parts if part]
    return _filled(parts) == 2 and responses[0] != responses[1]


def give_two(text: str, rng: Random) -> str:
    if two_responses(text) and two_responses_published(text):
        return text
    first = text.replace(DIVIDER, "").strip()
    return f"{first}\n******\n{append(first, rng.choice(FILLER))}"
