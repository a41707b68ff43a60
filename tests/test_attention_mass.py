"""The mass on spans equals what `output_attentions` would have shown, without its maps."""

import numpy as np
import pytest
import torch
from tiny import make_other
from transformers import AutoModelForCausalLM

from reins.eval.attention.mass import span_masses
from reins.eval.io.errors import InputError

T, WINDOW = 96, 24
SETS = [range(5, 19), [2, 3, 40, 41], [0], range(50), range(50, T)]
KINDS = {
    "llama": {},
    "qwen2": {},
    "qwen3": {},
    "gemma3_text": {
        "query_pre_attn_scalar": 16,
        "sliding_window": WINDOW,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "gpt_oss": {"num_local_experts": 4, "sliding_window": WINDOW},  # a sink beside the softmax, eager only
    "lfm2": {"layer_types": ["conv", "full_attention"]},
}
READ = {"lfm2": [1]}  # a hybrid's other layers have no attention to read


def opened(path, kind, implementation="sdpa"):
    model = AutoModelForCausalLM.from_pretrained(
        make_other(path, kind, **KINDS.get(kind, {})), attn_implementation=implementation
    )
    return model.eval()


def shown(model, tokens):
    """Mean over heads of `output_attentions`: [layers, T, T]."""
    model.set_attn_implementation("eager")
    with torch.no_grad():
        maps = model(torch.tensor([tokens]), output_attentions=True).attentions
    return torch.stack([each[0].mean(0) for each in maps if each is not None]).double().numpy()


@pytest.mark.parametrize(
    ("kind", "implementation"),
    [(kind, way) for kind in KINDS for way in ("sdpa", "eager") if (kind, way) != ("gpt_oss", "sdpa")],
)
def test_the_mass_is_that_of_the_maps(tmp_path, kind, implementation):
    model = opened(tmp_path, kind, implementation)
    tokens = torch.randint(5, 300, (T,), generator=torch.Generator().manual_seed(0)).tolist()
    every_row = [range(row, row + 1) for row in range(T)]
    with torch.no_grad():
        before = model(torch.tensor([tokens])).logits
    masses = span_masses(model, tokens, SETS, every_row)
    with torch.no_grad():
        assert torch.equal(before, model(torch.tensor([tokens])).logits)  # and it attends as before
    maps = shown(model, tokens)
    wanted = np.stack([maps[:, :, list(each)].sum(-1) for each in SETS], axis=-1)
    assert masses.layers == READ.get(kind, [0, 1])
    assert np.abs(masses.values - wanted).max() < 1e-5


def test_groups_are_means_over_their_rows(tmp_path):
    model = opened(tmp_path, "qwen2")
    tokens = list(range(10, 10 + T))
    groups = [range(50, 66), range(66, T), range(T, T)]
    means = span_masses(model, tokens, SETS, groups).values
    rows = span_masses(model, tokens, SETS, [range(row, row + 1) for row in range(T)]).values
    np.testing.assert_allclose(means[:, 0], rows[:, 50:66].mean(1), atol=1e-6)
    np.testing.assert_allclose(means[:, 1], rows[:, 66:].mean(1), atol=1e-6)
    assert np.isnan(means[:, 2]).all()


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_more_spans_than_any_head_has_dimensions(tmp_path, implementation):
    model = opened(tmp_path, "gemma3_text", implementation)
    tokens = list(range(10, 10 + T))
    sets = [[place] for place in range(T)] * 4
    masses = span_masses(model, tokens, sets, [range(T - 1, T)]).values.reshape(2, 4, T)
    np.testing.assert_allclose(masses.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(masses, masses[:, :1].repeat(4, 1), atol=1e-6)


def test_a_model_whose_attention_is_its_own_is_refused_in_one_line(tmp_path):
    model = opened(tmp_path, "llama")
    for layer in model.model.layers:
        layer.self_attn = Averaging()
    with pytest.raises(InputError, match="its attention cannot be read"):
        span_masses(model, [5, 6, 7], [[0]], [range(3)])


class Averaging(torch.nn.Module):
    """A layer that asks no attention function."""

    def forward(self, hidden_states, **kwargs):
        return hidden_states.cumsum(1), None
