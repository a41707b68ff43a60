"""What is done otherwise than in TRL for speed gives what TRL's own way gives."""

from collections import Counter

import torch
from datasets import Dataset
from tiny import make_tokenizer
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaForCausalLM
from trl import GRPOConfig, GRPOTrainer

from reins.train import grpo, rollout


def test_sliced_log_probabilities_are_trls(base, tmp_path):
    """Rows of mixed length, padded on both sides, against TRL's own method on the whole batch."""
    args = GRPOConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", activation_checkpointing=False
    )
    trainer = grpo.Trainer(
        str(base), [lambda **_: [0.0]], args, Dataset.from_list([{"prompt": "How many?"}] * 8)
    )
    ids, mask = torch.randint(3, 300, (40, 70)), torch.zeros(40, 70, dtype=torch.long)
    for row in range(40):
        mask[row, row % 20 : 31 + row % 39] = 1
    with torch.no_grad():
        ours = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, 40, compute_entropy=True)
        theirs = GRPOTrainer._get_per_token_logps_and_entropies(
            trainer, trainer.model, ids, mask, 40, compute_entropy=True
        )
    scored = mask[:, 30:].bool()
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        assert torch.allclose(a[scored], b[scored], atol=1e-5)


class Casts(TorchDispatchMode):
    """Counts by shape what is turned into bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: Counter[tuple[int, ...]] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default and (kwargs or {}).get("dtype") is torch.bfloat16:
            self.shapes[tuple(args[0].shape)] += 1
        return func(*args, **(kwargs or {}))


def test_under_autocast_weights_are_cast_once_for_all_tokens(base, tmp_path):
    args = GRPOConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=True, report_to="none", max_completion_length=12
    )
    trainer = grpo.Trainer(
        str(base), [lambda **_: [0.0]], args, Dataset.from_list([{"prompt": "How many?"}] * 8)
    )
    trainer.model = trainer.accelerator.prepare_model(trainer.model)  # as `train` does first
    with Casts() as casts:
        drawn = rollout.completions(trainer, [[5, 6, 7]] * 4)
    assert max(map(len, drawn)) > 3
    head = tuple(trainer.model.get_output_embeddings().weight.shape)
    assert casts.shapes[head] == 1


def test_rollouts_end_where_greedy_generation_does(base):
    model, tokenizer = LlamaForCausalLM.from_pretrained(base), make_tokenizer()
    prompts = [
        tokenizer(text)["input_ids"]
        for text in ("How many?", "How many?", "Tom has 12 apples and buys 3 more.", "a")
    ]
    ours = rollout.sample(model, prompts, stops=[2], pad=0, max_new_tokens=60, temperature=1e-6)
    for prompt, completion in zip(prompts, ours, strict=True):
        whole = model.generate(
            torch.tensor([prompt]), max_new_tokens=60, do_sample=False, eos_token_id=2, pad_token_id=0
        )
        assert completion == whole[0, len(prompt) :].tolist()


def test_rollouts_are_drawn_from_the_models_distribution(base):
    model, prompt = LlamaForCausalLM.from_pretrained(base), make_tokenizer()("How many?")["input_ids"]
    torch.manual_seed(0)
    drawn = rollout.sample(model, [prompt] * 4000, stops=[2], pad=0, max_new_tokens=1, temperature=0.2)
    expected = (model(torch.tensor([prompt])).logits[0, -1] / 0.2).softmax(-1)
    found = torch.bincount(torch.tensor(drawn)[:, 0], minlength=len(expected)) / 4000
    assert (found - expected).abs().max() < 0.03
    lengths = {
        len(one)
        for one in rollout.sample(model, [prompt] * 64, stops=[2], pad=0, max_new_tokens=50, temperature=1.0)
    }
    assert len(lengths) > 5 and max(lengths) <= 50
