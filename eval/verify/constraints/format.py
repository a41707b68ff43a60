"""Marks in the text: bullets, highlights, sections, commas."""

import re
from functools import lru_cache
from itertools import pairwise
from random import Random

from .patterns import pattern
from .prose import FILLER, append, holds_answer, map_prose, prose, sentences
from .relation import in_each
from .scripts import COMMAS, GLUED, OPENING, straight

# Blank space before a mark may cross blank lines in the originals; the mark's own line decides, so it is left out.
_STAR_PUBLISHED = re.compile(r"^[^\S\n]*+\*[^*].*$", re.MULTILINE)
_DASH_PUBLISHED = re.compile(r"^[^\S\n]*+-.*$", re.MULTILINE)
_BULLET = re.compile(r"^(?:[^\S\n]|>)*+[*+-][^\S\n]++(?![*\- \t]*+$)\S", re.MULTILINE)
_MARK = re.compile(r"^[ \t]*+(?:[*+-][ \t]++|-+|\*(?!\*))", re.MULTILINE)

_STARS = re.compile(r"\*[^\n*]*\*")
_DOUBLE_STARS = re.compile(r"\*\*[^\n*]*\*\*")
_HIGHLIGHT = re.compile(
    rf"(\*(?<!{GLUED}\*)(?<![*\\]\*)\*{{0,2}})(?=[^\s*])[^*\n]+(?<=\S)\1(?!\*)"
    rf"(?:(?!{GLUED})|(?<=\*\*)(?=[^\W\d_]))"
)
_PLAIN_WORD = re.compile(r"(?<![\w*'’-])[^\W\d_]{2,}(?![\w*'’-])")
_NUMBER_COMMA = re.compile(r"(?<=\d)[,，](?=\d)")
_COMMA = re.compile(f"[{COMMAS}]")
_OTHER_COMMA = re.compile(f"[{COMMAS[1:]}] ?")


def bullets_published(text: str, num_bullets: int) -> bool:
    return len(_STAR_PUBLISHED.findall(text)) + len(_DASH_PUBLISHED.findall(text)) == num_bullets


def bullets(text: str, num_bullets: int) -> bool:
    """Markdown list items: a mark, a space, something said; none in code or formulas, and no rules (`---`)."""
    return in_each(prose(text), lambda part: len(_BULLET.findall(part)) == num_bullets)


def set_bullets(text: str, rng: Random, num_bullets: int) -> str:
    """The sentences as exactly that many items: neighbours share an item, short sentences fill up."""
    if bullets(text, num_bullets) and bullets_published(text, num_bullets):
        return text
    return "\n".join(f"* {item}" for item in share_out(_MARK.sub("", text), rng, num_bullets))


def share_out(text: str, rng: Random, parts: int, lists: bool = False) -> list[str]:
    """The sentences in order, shared among that many parts; with `lists`, the lines of a list stay lines."""
    listed = lists and _BULLET.search(text) is not None
    units = text.split("\n") if listed else sentences(text)
    items = [" ".join(unit.split()) for unit in units if unit.strip()]
    while len(items) < parts:
        items.insert(len(items) - (bool(items) and holds_answer(items[-1])), rng.choice(FILLER))
    cuts = [len(items) * part // parts for part in range(parts + 1)]
    return [("\n" if listed else " ").join(items[start:end]) for start, end in pairwise(cuts)]


def highlights_published(text: str, num_highlights: int) -> bool:
    single = sum(1 for span in _STARS.findall(text) if span.strip("*").strip())
    double = sum(1 for span in _DOUBLE_STARS.findall(text) if span[2:-2].strip())
    return single + double >= num_highlights


def highlights(text: str, num_highlights: int) -> bool:
    """Emphasis of one to three stars that touch what they mark; a product (2*3*4) or a bullet is none."""
    return _highlights(text) >= num_highlights


def _highlights(text: str) -> int:
    return sum(1 for _ in _HIGHLIGHT.finditer(prose(text)))


def add_highlights(text: str, rng: Random, num_highlights: int) -> str:
    """Wrap the first plain words; two stars on bullet lines, where one would pair with the bullet's."""
    missing = num_highlights - _highlights(text)
    lines = []
    for line in text.split("\n"):
        star = "**" if line.lstrip().startswith("* ") else "*"

        def mark(match: re.Match[str], star: str = star) -> str:
            nonlocal missing
            missing -= 1
            return f"{star}{match[0]}{star}" if missing >= 0 else match[0]

        lines.append(map_prose(line, lambda piece: _PLAIN_WORD.sub(mark, piece)) if missing > 0 else line)
    text = "\n".join(lines)
    return append(text, " ".join(["*Done*."] * missing)) if missing > 0 else text


def sections_published(text: str, section_spliter: str, num_sections: int) -> bool:
    splitter = pattern(splitter_pattern(section_spliter), re.NOFLAG)
    return len(splitter.split(text)) - 1 >= num_sections


def splitter_pattern(section_spliter: str) -> str:
    """The pattern that the published rule splits by."""
    return rf"\s?{section_spliter.strip()}\s?\d+\s?"


def sections(text: str, section_spliter: str, num_sections: int) -> bool:
    """Exactly that many lines that open with the splitter and a number, in any typography; 1.1 is no section of its own."""
    heading = _heading(section_spliter)
    return in_each(straight(text), lambda part: len(heading.findall(part)) == num_sections)


def set_sections(text: str, rng: Random, section_spliter: str, num_sections: int) -> str:
    if sections(text, section_spliter, num_sections):
        return text
    heading = _heading(section_spliter)
    parts = share_out(heading.sub("", text), rng, num_sections, lists=True)
    return "\n".join(
        f"{section_spliter.strip()} {index}\n{heading.sub('', part)}" for index, part in enumerate(parts, 1)
    )


@lru_cache(maxsize=256)
def _heading(splitter: str) -> re.Pattern[str]:
    """A line's opening: marks of any kind, a number in a list, tags, then the splitter and a number."""
    name = r"\s".join(map(re.escape, straight(splitter).split()))
    return re.compile(rf"^(?:{OPENING}*{name}[^\S\n]?\s?\d++(?!\.\d))+", re.MULTILINE)


def no_comma_published(text: str, numbers: bool = False) -> bool:
    return "," not in text


def no_comma(text: str, numbers: bool = False) -> bool:
    """No comma of any script in the prose; with `numbers`, those between digits (1,234) are let through."""
    prose_text = prose(text)
    return _COMMA.search(_NUMBER_COMMA.sub("", prose_text) if numbers else prose_text) is None


def drop_commas(text: str, rng: Random, numbers: bool = False) -> str:
    def without(piece: str) -> str:
        return _OTHER_COMMA.sub(" ", _NUMBER_COMMA.sub("", piece).replace(", ", " ").replace(",", " "))

    return map_prose(text, without)
