"""Draw tokens so that a sample depends on its own seed and position, never on what else is in the batch.

One uniform per (seed, row, sample, draw) comes from a counter-based generator (Philox, keyed by a hash of the
three names), and is put through the inverse of the float64 cumulative distribution.
"""

import hashlib

import numpy as np
import torch
from torch import Tensor

LIKELIEST = 256  # tokens among which a nucleus is looked for before all are sorted


def sample_seed(seed: int, row: str, sample: int, *, second: bool = False) -> int:
    """A seed for one sample of one row, below 2**53 so that every JSON reader keeps it whole; another for its `second` pass."""
    name = f"{seed}\0{row}\0{sample}{chr(0) + 'second' if second else ''}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 11


def uniforms(seed: int, count: int) -> list[float]:
    """The first `count` uniforms in [0, 1) of the stream that `seed` names."""
    return np.random.Generator(np.random.Philox(key=seed)).random(count).tolist()


def pick(logits: Tensor, draws: Tensor, temperature: float, top_p: float) -> Tensor:
    """One token per row of `logits` [rows, vocabulary], by inversion at `draws` [rows] in float64.

    Temperature 0 takes the most likely token. `top_p` keeps the smallest set of tokens whose probability
    reaches it, and all that tie with its last.
    """
    if temperature == 0:
        return logits.argmax(-1)
    weights = torch.softmax(logits.double() / temperature, -1)
    if top_p < 1:
        weights = torch.where(weights >= _nucleus_edge(weights, top_p), weights, 0.0)
    cumulative = weights.cumsum(-1)
    tokens = torch.searchsorted(cumulative, draws[:, None] * cumulative[:, -1:], right=True)
    # A draw next to 1 can round up to the last sum, behind which there is no token.
    return tokens.squeeze(-1).clamp_(max=logits.shape[-1] - 1)


def _nucleus_edge(weights: Tensor, top_p: float) -> Tensor:
    """The probability [rows, 1] of the last token that the nucleus needs.

    Looked for among the likeliest first: to sort a large vocabulary takes longer than the model's own step.
    """
    edge, reached = _edge(weights.topk(min(LIKELIEST, weights.shape[-1]), -1).values, top_p)
    if not reached.all():
        edge[~reached] = _edge(weights[~reached].sort(-1, descending=True).values, top_p)[0]
    return edge


def _edge(ordered: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """Of the largest probabilities [rows, k], the one [rows, 1] at which `top_p` is reached, and whether it is [rows]."""
    needed = (ordered.cumsum(-1) < top_p).sum(-1, keepdim=True)
    edge = ordered.gather(-1, needed.clamp(max=ordered.shape[-1] - 1))
    return edge, needed[:, 0] < ordered.shape[-1]
