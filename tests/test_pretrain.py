"""A base is made from nothing by a stage like any other, deterministically, and loads as any other chat model."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import sft_row
from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import write_jsonl
from reins.recipes.micro_base import make_blank
from reins.train.config import config_of
from reins.train.pretrain import train
from reins.train.stage import start

SHAPE = {
    "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 512, "tie_word_embeddings": True,
}  # fmt: skip
ARGS: dict[str, Any] = {
    "per_device_train_batch_size": 4, "packing": True, "max_length": 256, "num_train_epochs": 1.0,
    "learning_rate": 3e-3, "save_steps": 2, "logging_steps": 1, "seed": 0, "data_seed": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrain")
    rows = list(BUILDERS["micro.traces"](rows=60, seed=0, thought="short", voice="own"))
    make_blank(rows, {"tokenizer": {"vocab": 512, "seed": 0}, "architecture": SHAPE}, folder / "blank")
    write_jsonl(folder / "rows.jsonl", (sft_row(row, "reins") for row in rows))
    return folder


def make(blank: Path, out: Path, **changes: Any) -> Path:
    out.mkdir()
    stage = {"trainer": "pretrain", "model": str(blank / "blank"), "rows": str(blank / "rows.jsonl")}
    content = {**stage, "out": str(out), "args": {**ARGS, "output_dir": str(out)}, **changes}
    (out / "config.yaml").write_text(yaml.safe_dump(content))
    start("pretrain", train, out / "config.yaml")
    return out / "final"


def test_a_base_is_the_same_each_time_and_keeps_reasoning_and_end_of_turn(
    blank: Path, tmp_path: Path
) -> None:
    first, second = make(blank, tmp_path / "a"), make(blank, tmp_path / "b")
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, second, blank / "blank")]
    assert weights[0] == weights[1] != weights[2]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(first), AutoTokenizer.from_pretrained(first)
    turns = [
        {"role": "user", "content": "12 + 3?"},
        {"role": "assistant", "content": "<think>\n12 + 3 = 15\n</think>\n\n\\boxed{15}"},
    ]
    rendered = tokenizer.apply_chat_template(turns, tokenize=False)
    assert "<think>\n12 + 3 = 15\n</think>" in rendered and rendered.endswith("<|im_end|>\n")
    tags = tokenizer.decode(tokenizer("<think>15</think>")["input_ids"], skip_special_tokens=True)
    assert tags.count("think") == 2 and len(tokenizer("15")["input_ids"]) == 2
    assert model.generation_config.eos_token_id == [tokenizer.eos_token_id] != tokenizer.pad_token_id
    assert torch.isfinite(model(torch.tensor([[5, 6, 7]])).logits).all()


def test_nothing_is_left_of_the_weights_it_is_like_and_another_seed_draws_others(
    blank: Path, tmp_path: Path
) -> None:
    still = {"learning_rate": 0.0, "max_steps": 1, "save_strategy": "no", "weight_decay": 0.0}
    finals = [
        make(blank, tmp_path / f"s{seed}", args={**ARGS, **still, "seed": seed, "output_dir": str(tmp_path / f"s{seed}")})
        for seed in (0, 1)
    ]  # fmt: skip
    drawn = [
        AutoModelForCausalLM.from_pretrained(folder).lm_head.weight for folder in (*finals, blank / "blank")
    ]
    assert not any(torch.equal(a, b) for a, b in zip(drawn, [*drawn[1:], drawn[0]], strict=True))


def test_weights_are_float32_though_the_config_says_half(blank: Path, tmp_path: Path) -> None:
    like = shutil.copytree(blank / "blank", tmp_path / "half")
    config = json.loads((like / "config.json").read_text()) | {"dtype": "bfloat16"}
    (like / "config.json").write_text(json.dumps(config))
    final = make(blank, tmp_path / "out", model=str(like))
    assert {weight.dtype for weight in load_file(final / "model.safetensors").values()} == {torch.float32}


def test_another_architecture_has_the_numbers_that_follow_from_it(blank: Path, tmp_path: Path) -> None:
    final = make(blank, tmp_path / "c", architecture={"num_attention_heads": 4, "num_hidden_layers": 2})
    config = AutoModelForCausalLM.from_pretrained(final).config
    assert (config.num_attention_heads, config.num_key_value_heads, config.head_dim) == (4, 4, 8)
    with pytest.raises(InputError, match=r"architecture.num_heads: .* did you mean 'num_"):
        config_of(str(blank / "blank"), {"num_heads": 4})
    with pytest.raises(InputError, match=r"architecture: .*32. is not a multiple of the number"):
        config_of(str(blank / "blank"), {"num_attention_heads": 5})


def test_tokens_are_checked_against_the_vocabulary_that_the_stage_draws(blank: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"architecture.vocab_size: token .*, the model embeds 100; 512 or more"
    ):
        make(blank, tmp_path / "fewer", architecture={"vocab_size": 100})
    final = make(blank, tmp_path / "more", architecture={"vocab_size": 520}, args={**ARGS, "max_steps": 1})
    assert AutoModelForCausalLM.from_pretrained(final).config.vocab_size == 520
