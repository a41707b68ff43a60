"""Keywords: present, counted, forbidden. The originals search raw patterns, case folded, mostly inside words;
ours look for whole words, and a LaTeX command (`\\bar`) is no word."""

import re
from random import Random

from .legible import legible
from .patterns import pattern
from .prose import append, map_prose, prose
from .relation import LESS, holds
from .scripts import in_text, word

# MathIF's pool of keywords, each with what may stand in its place where it is forbidden.
SYNONYMS = {
    "above": "earlier", "adjacent": "next", "align": "match", "answer": "result", "bar": "line",
    "between": "among", "because": "as", "case": "part", "choose": "pick", "condition": "rule",
    "configuration": "shape", "denote": "mean", "draw": "sketch", "equal": "same", "equation": "line",
    "expression": "term", "find": "get", "follow": "come", "formula": "rule", "function": "map",
    "furthermore": "also", "given": "known", "identical": "same", "imply": "mean", "length": "size",
    "maximum": "top", "must": "should", "note": "see", "now": "then", "number": "amount", "point": "place",
    "possible": "open", "problem": "task", "question": "task", "respectively": "each", "root": "base",
    "same": "equal", "see": "note", "side": "edge", "similar": "alike", "simply": "just", "since": "as",
    "solution": "result", "strategy": "plan", "than": "over", "theorem": "rule", "therefore": "so",
    "total": "sum", "valid": "right", "value": "amount", "when": "once", "where": "here", "win": "gain",
    "yield": "give",
}  # fmt: skip


def existence_published(text: str, keywords: list[str]) -> bool:
    return all(pattern(keyword).search(text) for keyword in keywords)


def existence(text: str, keywords: list[str]) -> bool:
    return all(any(in_text(keyword, text)) for keyword in keywords)


def add_keywords(text: str, rng: Random, keywords: list[str]) -> str:
    missing = [keyword for keyword in keywords if not any(in_text(keyword, text))]
    return _say(text, missing)


def frequency_published(text: str, keyword: str, frequency: int, relation: str) -> bool:
    return holds(sum(1 for _ in pattern(keyword.strip()).finditer(text)), relation, frequency)


def frequency(text: str, keyword: str, frequency: int, relation: str) -> bool:
    return holds(count_word(keyword, text), relation, frequency)


def set_frequency(text: str, rng: Random, keyword: str, frequency: int, relation: str) -> str:
    """Add the missing mentions in one sentence, or take out the last ones too many, also inside other words."""
    if relation != LESS:
        return _say(text, [keyword] * (frequency - count_word(keyword, text)))
    literal = re.escape(keyword.strip())
    mentions = re.compile(rf"(?<!\w)(?=\w*?{literal})\w+|{word(keyword).pattern}", re.IGNORECASE)
    kept = iter(range(frequency - 1))
    return mentions.sub(
        lambda match: _replacement(match[0], [keyword]) if next(kept, None) is None else match[0], text
    )


def forbidden_published(text: str, forbidden_words: list[str]) -> bool:
    return not any(compiled.search(text) for compiled in map(pattern, forbidden_patterns(forbidden_words)))


def forbidden_patterns(forbidden_words: list[str]) -> list[str]:
    """The patterns that the published rule searches."""
    return [rf"\b{banned}\b" for banned in forbidden_words]


def forbidden(text: str, forbidden_words: list[str]) -> bool:
    return not any(any(in_text(banned, text)) for banned in forbidden_words)


def replace_forbidden(text: str, rng: Random, forbidden_words: list[str]) -> str:
    for banned in forbidden_words:
        mention = re.compile(rf"\b{re.escape(banned)}\b|{word(banned).pattern}", re.IGNORECASE)
        text = mention.sub(lambda match: _replacement(match[0], forbidden_words), text)
    return text


def letters_published(text: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    """The character in either case. IFEval tests a random letter where asked for one outside a-z; we do as asked."""
    return holds(text.lower().count(letter.strip().lower()), let_relation, let_frequency)


def letters(text: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    """The character in the prose: `\\boxed` spells no letters."""
    return holds(_letters(prose(text), letter), let_relation, let_frequency)


def _letters(text: str, letter: str) -> int:
    return legible(text).lower().count(legible(letter).strip().lower())


def set_letters(text: str, rng: Random, letter: str, let_frequency: int, let_relation: str) -> str:
    """Spell out the missing ones, or drop the last words that hold one too many."""
    wanted = letter.strip().lower()
    room = let_frequency - (let_relation == LESS)
    missing = room - _letters(prose(text), letter)
    if let_relation != LESS:
        return append(text, f"{' '.join([wanted] * missing)}.") if missing > 0 else text

    def thin(match: re.Match[str]) -> str:
        nonlocal room
        held = _letters(match[0], letter)
        if held > room:
            return ""
        room -= held
        return match[0]

    pieces = re.compile(rf"\w++|{re.escape(wanted)}", re.IGNORECASE)
    return map_prose(text, lambda piece: pieces.sub(thin, piece))


def count_word(keyword: str, text: str) -> int:
    """How often the keyword stands in the text as whole words."""
    return sum(1 for _ in in_text(keyword, text))


def _say(text: str, words: list[str]) -> str:
    return append(text, f"We say {' and '.join(words)}.") if words else text


def _replacement(banned_word: str, banned: list[str]) -> str:
    """Another word of about the same sense, in the same case; a neutral one where none is known."""
    choices = [SYNONYMS.get(banned_word.lower(), "it"), "it", "this", "so", "one"]
    free = next((choice for choice in choices if not any(ban.lower() in choice for ban in banned)), "")
    if banned_word.isupper() and len(banned_word) > 1:
        return free.upper()
    return free.title() if banned_word[:1].isupper() else free
