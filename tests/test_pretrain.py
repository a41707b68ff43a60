"""A base is made from nothing, deterministically, and loads as any other chat model."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.data_builders import BUILDERS
from reins.eval.verify import render
from reins.train.pretrain import Pretraining, pretrain

TEMPLATE = Path(__file__).parents[1] / "recipes" / "templates" / "chatml.jinja"
TINY = Pretraining(
    vocab=512, hidden=32, layers=1, heads=2, feedforward=64, max_positions=256, batch_tokens=1024,
    muon_lr=0.02, adam_lr=0.003, decay_share=0.4, seed=0, threads=1,
)  # fmt: skip


def make(out: Path) -> Path:
    rows = BUILDERS["micro.traces"](rows=60, seed=0, thought="short", voice="own")
    pretrain([(render(row), row.response) for row in rows], TINY, TEMPLATE.read_text(), out)
    return out


def test_a_base_is_the_same_each_time_and_keeps_reasoning_and_end_of_turn(tmp_path):
    first, second = make(tmp_path / "a"), make(tmp_path / "b")
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    model, tokenizer = AutoModelForCausalLM.from_pretrained(first), AutoTokenizer.from_pretrained(first)
    turns = [
        {"role": "user", "content": "12 + 3?"},
        {"role": "assistant", "content": "<think>\n12 + 3 = 15\n</think>\n\n\\boxed{15}"},
    ]
    rendered = tokenizer.apply_chat_template(turns, tokenize=False)
    assert "<think>\n12 + 3 = 15\n</think>" in rendered and rendered.endswith("<|im_end|>\n")
    assert (
        tokenizer.decode(tokenizer("<think>15</think>")["input_ids"], skip_special_tokens=True).count("think")
        == 2
    )
    assert len(tokenizer("15")["input_ids"]) == 2
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id != tokenizer.pad_token_id
    assert torch.isfinite(model(torch.tensor([[5, 6, 7]])).logits).all()
