"""Tokens that a tokenizer lists and its model does not embed: added to the one, and the other was not resized.

Looking one up is an index error on a CPU and a device-side assert on a GPU. Some published models list such tokens and
never use them (gemma-3-1b-it: one for images, of which the text model knows nothing), so it is use that is refused.
"""

from collections.abc import Iterable
from typing import Any

from ..io.errors import InputError

RESIZE = "resize the model's embeddings to the tokenizer (resize_token_embeddings), and save both again"


def rows_of(config: Any) -> int:
    """How many tokens a model of this config embeds: their ids are below."""
    return config.get_text_config().vocab_size


def unembedded(tokenizer: Any, rows: int) -> list[str]:
    """The tokens of a tokenizer that a model with so many rows has none for."""
    return [token for token, token_id in tokenizer.get_vocab().items() if token_id >= rows]


def refuse_unembedded(name: str, tokenizer: Any, rows: int, ids: Iterable[int]) -> None:
    """Raise InputError where one of the ids that the model `name` is given has no row in its embeddings."""
    last = max(ids, default=0)
    if last >= rows:
        token = tokenizer.convert_ids_to_tokens(last)
        raise InputError(name, f"token {token!r} has the id {last}, the model embeds {rows}", RESIZE)
