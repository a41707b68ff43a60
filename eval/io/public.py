"""What may be logged of a configuration: at the ground, because training and evaluation log theirs apart."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "***"
# The words of a name that say what it holds: these wherever they stand, those at its end.
STRONG = frozenset("password passwd passphrase pwd secret credential credentials apikey".split())
WEAK = re.compile(r"(\w*token|(api|access|auth|private|secret|encryption|hub|signing)?key|pat|auth|cookie)")
# Tokens that are no secrets: a tokenizer's own.
SPECIAL = frozenset("bos eos pad unk sep cls mask image video audio boi eoi boa eoa system vision".split())
NO_SECRET = re.compile(r"<.*>|\[.*\]")  # a special token, or a placeholder
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SHAPES = re.compile(
    r"\b(hf_\w{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[\w-]{10,})"
)
IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]+@")  # user and password before a host
WORKING_FOLDERS = ("PWD", "OLDPWD")
SHORTEST = 4  # characters of an environment's value: a shorter one would be found everywhere


def public(content: Any) -> Any:
    """The content without secrets, and with `~` for the home folder.

    Secret is what a key's name says (`hub_token`, `DB_PWD`, `apiKey`), what such a variable of the environment holds,
    and what looks like one: a hub's token, or the password in an address.
    """
    without = _texts()

    def cleaned(part: Any, hidden: bool = False) -> Any:
        if isinstance(part, Mapping):
            return {
                without(key) if isinstance(key, str) else key: cleaned(
                    value, hidden or _holds_secret(key, value)
                )
                for key, value in part.items()
            }
        if isinstance(part, list | tuple | set | frozenset):
            return [cleaned(value, hidden) for value in part]
        if hidden and part not in (None, "") and not isinstance(part, bool):
            return HIDDEN
        return without(part) if isinstance(part, str) else part

    return cleaned(content)


def holds_secret(content: bytes) -> bool:
    """Whether a file's content has a secret in it: one that the environment holds, or what looks like one."""
    text = content.decode("utf-8", "replace")
    return any(secret in text for secret in _secrets()) or bool(SHAPES.search(text))


def _secrets() -> set[str]:
    """What the variables of today's environment hold that are secret by their name, or have a password in an address."""
    named = {
        value
        for name, value in os.environ.items()
        if len(value) >= SHORTEST and name not in WORKING_FOLDERS and _names_secret(name, anywhere=True)
    }
    return named | {value for value in os.environ.values() if IN_ADDRESS.search(value)}


def _texts() -> Callable[[str], str]:
    """What takes secrets and the home folder out of a text, by today's environment."""
    longest_first = sorted(_secrets(), key=len, reverse=True)
    home = os.path.expanduser("~")  # stays as it is where nobody says what home is
    folder = re.compile(rf"(?<![\w.~-]){re.escape(home)}(?=$|[^\w.-])") if len(home) > 1 else None

    def without(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, HIDDEN)
        text = IN_ADDRESS.sub(f"{HIDDEN}@", SHAPES.sub(HIDDEN, text))
        return folder.sub("~", text) if folder else text

    return without


def _holds_secret(key: Any, value: Any) -> bool:
    """Whether a key says that its value is secret; a mapping only where there is no other way to read it."""
    if not isinstance(key, str) or (isinstance(value, str) and NO_SECRET.fullmatch(value)):
        return False
    return _names_secret(key, anywhere=False) and not (
        isinstance(value, Mapping) and not STRONG.intersection(_words(key))
    )


def _names_secret(name: str, *, anywhere: bool) -> bool:
    words = _words(name)
    if STRONG.intersection(words):
        return True
    if len(words) > 1 and words[-1] == "token" and words[-2] in SPECIAL:
        return False
    return any(WEAK.fullmatch(word) for word in (words if anywhere else words[-1:]))


def _words(name: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(name)]
