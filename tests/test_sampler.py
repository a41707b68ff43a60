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
