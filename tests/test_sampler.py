"""The sampler: each sample's own uniforms, and draws that follow the distribution."""

import numpy as np
import pytest
import torch

from reins.eval.sample.sampler import pick, sample_seed, uniforms


def test_seeds_name_independent_uniforms():
    names = [(seed, row, sample) for seed in range(5) for row in ("a-1", "a-2", "b") for sample in range(4)]
    seeds = {sample_seed(*name) for name in names}
    assert len(seeds) == len(names) and max(seeds) < 2**53
    drawn = np.array([uniforms(seed, 500) for seed in sorted(seeds)])
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 5 * np.sqrt(1 / 12 / drawn.size)
    between = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(between).max() < 5.5 / np.sqrt(500)
    assert uniforms(7, 500)[:10] == uniforms(7, 10)


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.6, 1.0), (1.0, 0.8)])
def test_draws_follow_the_distribution(temperature, top_p):
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 1.5, -30.0])
    count = 200_000
    tokens = pick(
        logits.expand(count, -1), torch.tensor(uniforms(3, count), dtype=torch.float64), temperature, top_p
    )
    expected = torch.softmax(logits.double() / temperature, -1)
    if top_p < 1:  # 0.46, 0.28, 0.17 make up 0.91: the first three are the smallest set that reaches 0.8
        expected[[2, 3, 5]] = 0
        expected /= expected.sum()
    found = torch.bincount(tokens, minlength=6).double() / count
    assert torch.all((found - expected).abs() <= 4.5 * (expected * (1 - expected) / count).sqrt())


@pytest.mark.parametrize("sharpness", [0.0, 0.5, 8.0])  # all alike, hundreds of tokens, a few
def test_a_large_vocabulary_has_the_nucleus_that_sorting_all_of_it_finds(sharpness):
    generator = torch.Generator().manual_seed(5)
    logits = (sharpness * torch.randn(6, 3000, generator=generator)).round(decimals=1)  # with ties
    logits[0] *= 3  # rows of unlike width beside each other
    draws = torch.linspace(0.01, 0.99, 6, dtype=torch.float64)
    tokens = pick(logits, draws, 1.0, 0.9)
    weights = torch.softmax(logits.double(), -1).numpy()
    for row, (of_row, draw) in enumerate(zip(weights, draws.tolist(), strict=True)):
        ordered = np.sort(of_row)[::-1]
        edge = ordered[np.argmax(np.cumsum(ordered) >= 0.9)]
        reached = np.cumsum(np.where(of_row >= edge, of_row, 0.0))
        expected = np.searchsorted(reached, draw * reached[-1], side="right")
        assert tokens[row] == expected
