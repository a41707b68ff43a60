"""SFT's forward on a CPU: TRL's own loss, gradients and metrics, padded or packed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer
from trl.trainer.utils import add_fused_lm_head

from reins.train.unpadded import spend_nothing_on_padding

LENGTHS = [5, 31, 8, 17, 40, 9, 12]


def learned(
    model: Path, out: Path, unpadded: bool, **given: Any
) -> tuple[float, dict[str, torch.Tensor], dict]:
    """The loss of one batch, its gradients, and what TRL logs of it."""
    torch.manual_seed(0)
    ids = [torch.randint(3, 300, (length,)).tolist() for length in LENGTHS]
    labels = [[-100] * (len(one) // 3) + one[len(one) // 3 :] for one in ids]
    args = SFTConfig(
        str(out), use_cpu=True, bf16=False, activation_checkpointing=False, report_to="none", **given
    )
    rows = Dataset.from_dict({"input_ids": ids, "labels": labels})
    trainer = SFTTrainer(str(model), args, train_dataset=rows)
    if unpadded:
        spend_nothing_on_padding(trainer.model)
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.training_step(trainer.model, batch, num_items_in_batch=torch.tensor(50))
    gradients = {name: weight.grad for name, weight in trainer.model.named_parameters()}
    trainer.log({})
    return float(loss), gradients, trainer.state.log_history[-1]


@pytest.mark.parametrize("given", [{}, {"packing": True, "max_length": 48}])
def test_losses_gradients_and_metrics_are_those_of_trl(
    tiny: Path, tmp_path: Path, given: dict[str, Any]
) -> None:
    theirs = learned(tiny, tmp_path / "theirs", False, per_device_train_batch_size=7, **given)
    ours = learned(tiny, tmp_path / "ours", True, per_device_train_batch_size=7, **given)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    for name, gradient in theirs[1].items():
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-4, atol=1e-6)
    assert ours[2].keys() == theirs[2].keys() >= {"entropy", "mean_token_accuracy", "num_tokens"}
    for name, values in theirs[2].items():
        assert ours[2][name] == pytest.approx(values, rel=1e-5)


def test_completions_between_padding_score_as_with_trl_at_a_temperature(tiny: Path) -> None:
    torch.manual_seed(0)
    ids = torch.randint(3, 300, (4, 24))
    mask = torch.ones_like(ids)
    for row, (before, after) in enumerate(
        [(0, 3), (7, 0), (2, 9), (5, 5)]
    ):  # prompts pad left, completions right
        mask[row, :before], mask[row, 24 - after :] = 0, 0
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :10] = -100
    found = []
    for unpadded in (False, True):
        model = AutoModelForCausalLM.from_pretrained(str(tiny), dtype=torch.float32)
        add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
        if unpadded:
            spend_nothing_on_padding(model, 0.7)
        made = model(input_ids=ids, attention_mask=mask, labels=labels, fused_lm_head=True)
        (made.log_probs.sum() + made.entropy.sum()).backward()
        found.append([made.log_probs, made.entropy, *(weight.grad for weight in model.parameters())])
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
