"""An attention function of ours in place of a model's own, through transformers' AttentionInterface."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.nn.functional import pad
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, AttentionMaskInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ..io.errors import InputError


def backend_of(model: PreTrainedModel) -> str:
    """The name of the attention that a model was opened with."""
    return str(model.config.get_text_config()._attn_implementation)


def plain_attention(module: Any, backend: str) -> Callable[..., Any]:
    """The attention function that a layer would call; eager ones stand in the model's own file.

    Raises InputError where there is none.
    """
    eager: Any = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    function: Callable[..., Any] | None = ALL_ATTENTION_FUNCTIONS.get_interface(backend, eager)
    if function is None:
        raise unreachable(type(module).__name__)
    return function


def own_attention(
    module: Any, backend: str, query: Tensor, key: Tensor, mask: Any, scaling: float | None, **kwargs: Any
) -> Callable[[Tensor], Tensor]:
    """What a layer's own attention, with these queries and keys, makes of any values [1, heads, T, n]: [1, T, heads, n].

    Kernels want queries, keys and values of one width, a multiple of 8; zeros beside them change no score.
    """
    attend = plain_attention(module, backend)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling

    def attention(values: Tensor) -> Tensor:
        count = values.shape[-1]
        wide = -(-max(count, query.shape[-1]) // 8) * 8
        widened = [_widened(each, wide) for each in (query, key, values)]
        attended: Tensor = attend(module, *widened, mask, scaling=scale, **kwargs)[0]
        return attended[..., :count]

    return attention


def _widened(heads: Tensor, width: int) -> Tensor:
    """Zeros beside the last dimension; the tensor itself, and no copy of a cache, where it is as wide."""
    missing = width - heads.shape[-1]
    return pad(heads, (0, missing)) if missing else heads


@contextmanager
def attending(model: PreTrainedModel, function: Callable[..., Any], name: str) -> Iterator[None]:
    """The model with `function` as its attention, registered as `name`; masks are made as for its own."""
    before = model.config._attn_implementation
    AttentionInterface.register(name, function)
    AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS[backend_of(model)])
    try:
        model.set_attn_implementation(name)
        yield
    finally:
        model.set_attn_implementation(before)


def unreachable(name: str) -> InputError:
    """Of a model that attends by code of its own."""
    return InputError(
        name,
        "its attention cannot be read or steered: it does not go through transformers' AttentionInterface",
        "take a model whose attention does (most decoders of transformers 5)",
    )
