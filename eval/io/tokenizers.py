"""Tokenizers, opened by the installed code alone: none of a model's own is run, and nobody is asked whether to."""

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from .errors import InputError


def open_tokenizer(name: str | Path) -> Any:
    """The tokenizer of a folder or hub id. Raises InputError where it cannot be opened, or wants code of its own."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(name), trust_remote_code=False)
    except Exception as error:  # noqa: BLE001  of a file it cannot read, tokenizers raises `Exception` itself
        if _wants_code(name):
            said, fix = (
                "its tokenizer wants code of its own (auto_map), which is not run here",
                "take another",
            )
        else:
            words = " ".join(str(error).split())
            said, fix = (
                f"its tokenizer cannot be opened ({words:.160})",
                "save it again, or name another model",
            )
        raise InputError(name, said, fix) from None


def spoken(tokenizer: Any, tokens: Iterable[int], ends: Container[int]) -> str:
    """A reply's text, with its tags, special or not; only its `ends` and padding are dropped. Samples and rewards read
    replies by this alone."""
    said = [token for token in tokens if token not in ends and token != tokenizer.pad_token_id]
    return str(tokenizer.decode(said, clean_up_tokenization_spaces=False))


def _wants_code(name: str | Path) -> bool:
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    try:
        return "auto_map" in get_tokenizer_config(str(name), trust_remote_code=False)
    except (OSError, ValueError, TypeError):
        return False  # the file itself is what cannot be read
