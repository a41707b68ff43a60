"""What may be logged of a configuration: at the ground, because training and evaluation log theirs apart."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

HIDDEN = "***"
# The words of a name that say what it holds: these wherever they stand, those at its end.
STRONG = frozenset(
    "password passwords passwd passphrase pwd secret secrets credential credentials apikey apikeys".split()
)
HOLDER = "api|access|auth|private|secret|encryption|hub|signing"
WEAK = (
    rf"\w*token|(?:{HOLDER})?key|pass|pat|auth|authorization|bearer|jwt|cookie|dsn|webhook|webhook_url|connection_string"
    rf"|(?:(?:{HOLDER}|hf)_)(?:keys|tokens)"
)
AT_END, ANYWHERE = re.compile(rf"(?:.*_)?(?:{WEAK})|tokens"), re.compile(rf"(?:^|_)(?:{WEAK})(?:_|$)")
# What is no secret: a tokenizer's own tokens, the keys of tables, the passes of an algorithm.
TOKENS = "bos eos pad unk sep cls mask image video audio boi eoi boa eoa system vision stop end start think"
KEYS = "sort group primary foreign partition row column cache join index lookup order dict map"
PASSES = "first second third one two single forward backward per next last"
SPECIAL = re.compile(rf"(?:.*_)?(?:(?:{TOKENS})_token|(?:{KEYS})_key|(?:{PASSES})_pass)".replace(" ", "|"))
NO_SECRET = re.compile(r"<.*>|\[.*\]")  # a special token, or a placeholder
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SHAPES = re.compile(
    r"\b(hf_\w{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|A[KS]IA[0-9A-Z]{16}"
    r"|xox[abprs]-[\w-]{10,}|xapp-[\w-]{10,}|AIza[\w-]{35}|npm_\w{30,}|pypi-[\w-]{16,}|r8_\w{30,}"
    r"|SG\.[\w-]{16,64}\.[\w-]{16,}|eyJ[\w-]{8,2000}\.eyJ[\w-]{2,2000}\.[\w-]*"
    r"|(?<=hooks\.slack\.com/services/)[\w/]+)"
)
# `--token=…`, `--hub_token …`, `HF_TOKEN=…`, `?token=…`: a name, and what it is set to.
SET = re.compile(
    r"(?<![\w-])((?:--)?([A-Za-z][\w-]{0,60})=|--([A-Za-z][\w-]{0,60})\s(?!-))([\"']?)([^\s&\"',;]{6,})"
)
IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]+@")  # user and password before a host
WORKING_FOLDERS = ("PWD", "OLDPWD")
SHORTEST = 4  # characters of an environment's value: a shorter one would be found everywhere


def public(content: Any) -> Any:
    """The content without secrets, and with `~` for the home folder.

    Secret is what a key's name says (`hub_token`, `DB_PWD`, `apiKey`), a `name` beside a `value`, or an option before it
    (`--hub_token`), what such a variable of the environment holds, and what looks like one: a hub's token, or the password
    in an address.
    """
    without = _texts()

    def cleaned(part: Any, hidden: bool = False) -> Any:
        if isinstance(part, Mapping):
            named = _names_its_value(part)
            return {
                without(key) if isinstance(key, str) else key: cleaned(
                    value, hidden or (named and key == "value") or _holds_secret(key, value)
                )
                for key, value in part.items()
            }
        if isinstance(part, list | tuple | set | frozenset):
            before = [None, *part]
            return [
                cleaned(value, hidden or _sets(name, value, len(part) == 2))
                for name, value in zip(before, part, strict=False)
            ]
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
        text = IN_ADDRESS.sub(f"{HIDDEN}@", SET.sub(_unset, SHAPES.sub(HIDDEN, text)))
        return folder.sub("~", text) if folder else text

    return without


def _unset(match: re.Match[str]) -> str:
    """An assignment without its value where its name is that of a secret; a key alone may be anything in a text."""
    name = match[2] or match[3]
    secret = name.lower() not in ("key", "tokens") and _holds_secret(name, match[5])
    return f"{match[1]}{match[4]}{HIDDEN}" if secret else match[0]


def _sets(name: Any, value: Any, paired: bool) -> bool:
    """Whether the entry before in a list is the option of a secret (`--hub_token`), or its variable in a pair."""
    if not isinstance(name, str) or not isinstance(value, str) or value.startswith("-"):
        return False
    is_name = name.startswith("-") and "=" not in name or paired and name.isidentifier() and name.isupper()
    return is_name and _holds_secret(name, value)


def _names_its_value(part: Mapping[Any, Any]) -> bool:
    """Whether an object says by its `name` or `key` that its `value` is secret."""
    names = [part.get(key) for key in ("name", "key") if isinstance(part.get(key), str)]
    return any(_holds_secret(name, part.get("value")) for name in names)


def _holds_secret(key: Any, value: Any) -> bool:
    """Whether a key says that its value is secret; a mapping only where there is no other way to read it."""
    if not isinstance(key, str) or (isinstance(value, str) and NO_SECRET.fullmatch(value)):
        return False
    if isinstance(value, Mapping) and not STRONG.intersection(_words(key)):
        return "value" in value and _names_secret(key, anywhere=False)
    if _words(key) == ["tokens"] and isinstance(value, int | float):
        return False  # how many
    return _names_secret(key, anywhere=False)


def _names_secret(name: str, *, anywhere: bool) -> bool:
    words = _words(name)
    if STRONG.intersection(words):
        return True
    joined = "_".join(words)
    if SPECIAL.fullmatch(joined):
        return False
    return bool(ANYWHERE.search(joined) if anywhere else AT_END.fullmatch(joined))


def _words(name: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(name)]
