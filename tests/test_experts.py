"""Mixtures of experts are trained in full and by LoRA, by both trainers, and what is saved is asked."""

import pytest
import torch
from peft import PeftModel
from stages import lines, make_stage, refused, train
from tiny import make_other
from transformers import AutoModelForCausalLM

EXPERTS = {
    "qwen3_moe": {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
}
LORA = {"r": 4, "target_modules": "all-linear"}


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
@pytest.mark.parametrize("trainer", ["sft", "grpo"])
@pytest.mark.parametrize("kind", EXPERTS)
def test_a_mixture_of_experts_is_trained_and_saved_whole(kind, trainer, lora, tmp_path):
    base = make_other(tmp_path / "base", kind, **EXPERTS[kind])
    args = {"max_steps": 2, "learning_rate": 1e-2}
    out = train(make_stage(tmp_path / "stage", base, trainer, args, lora=lora), trainer)
    assert lines(out / "log.jsonl")[1]["aux_loss"] > 0
    ids = torch.arange(3, 40)[None]
    with torch.no_grad():
        before, after = (
            AutoModelForCausalLM.from_pretrained(folder)(ids).logits for folder in (base, out / "final")
        )
        assert (after - before).abs().max() > 1e-3
        if lora:
            adapted = PeftModel.from_pretrained(
                AutoModelForCausalLM.from_pretrained(base), out / "final" / "adapter"
            )
            assert torch.allclose(adapted(ids).logits, after, atol=1e-4)


def test_smoothed_labels_are_refused_where_they_would_unbalance_the_experts(tmp_path):
    base = make_other(tmp_path / "base", "mixtral", **EXPERTS["mixtral"])
    config = make_stage(tmp_path / "stage", base, "sft", {"label_smoothing_factor": 0.1})
    assert "the loss that balances the experts" in refused(config)
