"""How the answer opens and closes."""

from random import Random

from .prose import append


def repeat_published(text: str, prompt_to_repeat: str) -> bool:
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def repeat(text: str, prompt_to_repeat: str) -> bool:
    """The prompt first, in any case; runs of blank space count as one."""
    return " ".join(text.split()).lower().startswith(" ".join(prompt_to_repeat.split()).lower())


def repeat_prompt(text: str, rng: Random, prompt_to_repeat: str) -> str:
    return text if repeat_published(text, prompt_to_repeat) else f"{prompt_to_repeat.strip()}\n{text}"


def ends_published(text: str, end_phrase: str) -> bool:
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def ends(text: str, end_phrase: str) -> bool:
    """The phrase last, in any case, quotes around the whole aside, and not glued to a word before it."""
    body, phrase = text.strip().strip('"').lower(), end_phrase.strip().lower()
    before = body.removesuffix(phrase)
    return body.endswith(phrase) and not before[-1:].isalnum()


def add_ending(text: str, rng: Random, end_phrase: str) -> str:
    return text if ends(text, end_phrase) else append(text, end_phrase.strip())


def quoted_published(text: str) -> bool:
    body = text.strip()
    return len(body) > 1 and body[0] == body[-1] == '"'


def quoted(text: str) -> bool:
    """Double quotes around the whole, with something between them."""
    return quoted_published(text) and bool(text.strip()[1:-1].strip())


def quote(text: str, rng: Random) -> str:
    """Wrap the whole; a list that opens the text keeps its own first line."""
    if quoted(text):
        return text
    body = text.strip().strip('"')
    return f'"\n{body}"' if body.startswith(("* ", "- ")) else f'"{body}"'
