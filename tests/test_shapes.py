"""The shape of a model: how many parameters it has, and how many a token meets."""

from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from reins.recipes.preflight.cards import CARDS
from reins.recipes.preflight.shapes import KNOWN, shape_of

ROOT = Path(__file__).parents[1]


def test_a_shape_counts_the_parameters_of_the_model_itself(tiny: Path) -> None:
    shape = shape_of(str(ROOT / "recipes/micro/base"))
    model = AutoModelForCausalLM.from_pretrained(ROOT / "recipes/micro/base")
    assert shape and shape.parameters == shape.active == model.num_parameters()
    assert shape.positions == AutoConfig.from_pretrained(ROOT / "recipes/micro/base").max_position_embeddings


@pytest.mark.parametrize(
    ("kind", "sizes", "active"),
    [  # of a layer of 4 experts, 2 take part; the attention, the router and the rest take part always
        ("qwen3_moe", {"num_experts": 4, "moe_intermediate_size": 32, "decoder_sparse_step": 1}, 3 * 64 * 32),
        ("mixtral", {"num_local_experts": 4}, 3 * 64 * 128),
    ],
)
def test_a_mixture_of_experts_has_all_its_parameters_and_those_that_a_token_meets(
    tmp_path: Path, kind: str, sizes: dict[str, int], active: int
) -> None:
    config = AutoConfig.for_model(
        kind, vocab_size=384, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_experts_per_tok=2, **sizes,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(tmp_path)
    shape = shape_of(str(tmp_path))
    assert shape and shape.parameters == model.num_parameters()
    assert shape.parameters - shape.active == 2 * 2 * active


def test_the_known_shapes_have_the_sizes_that_their_names_say() -> None:
    sizes = {
        "135M": (1.34e8, 1.36e8),
        "1.5B": (1.5e9, 1.8e9),
        "7B": (7.6e9, 7.7e9),
        "32B": (32e9, 33e9),
        "4B": (4e9, 4.1e9),
        "8B": (8e9, 8.3e9),
    }
    for name in KNOWN:
        shape = shape_of(name)
        assert shape and shape.active == shape.parameters
        low, high = sizes[next(part for part in name.split("-") if part in sizes)]
        assert low < shape.parameters < high, name
    assert CARDS["H100-80G"].rate == 989e12
