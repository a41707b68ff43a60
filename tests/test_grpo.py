"""What GRPO's engines, rewards and sums are handed: TRL's own ways stay TRL's."""

from typing import ClassVar

import pytest
import torch
from stages import grpo_rows, lines, make_stage, train, write_rows
from trl.trainer import grpo_trainer

from reins.train import grpo, rollout


class FakeVLLM:
    """In vLLM's place: keeps what TRL hands it, and draws from the model at hand."""

    made: ClassVar[list] = []

    def __init__(self, **given):
        self.given, self.synced = given, 0
        self.made.append(self)

    def sync_weights(self):
        self.synced += 1

    def generate(self, prompts, num_generations, **_):
        stops = self.given["generation_kwargs"]["stop_token_ids"]
        limit = self.given["max_completion_length"]
        model = self.given["model"]
        drawn = rollout.sample(model, prompts, stops=stops, pad=0, max_new_tokens=limit, temperature=1.0)
        logprobs = [
            [[float(value)] for value in self._logprobs(model, *pair)]
            for pair in zip(prompts, drawn, strict=True)
        ]
        return prompts, drawn, logprobs, None

    @torch.no_grad()
    def _logprobs(self, model, prompt, completion):
        logits = model(input_ids=torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        return logits.log_softmax(-1).gather(1, torch.tensor(completion)[:, None])[:, 0]


def test_vllm_is_handed_trls_settings_and_the_end_of_a_turn(base, tmp_path, monkeypatch):
    monkeypatch.setattr(grpo_trainer, "VLLMGeneration", FakeVLLM, raising=False)
    asked = {"use_vllm": True, "vllm_mode": "colocate", "vllm_enable_sleep_mode": True}
    asked |= {"vllm_gpu_memory_utilization": 0.3, "vllm_max_model_length": 512}
    config = make_stage(tmp_path / "rl", base, "grpo", asked | {"max_steps": 3, "save_strategy": "no"})
    log = lines(train(config, "grpo") / "log.jsonl")
    given = FakeVLLM.made[0].given
    assert (given["mode"], given["enable_sleep_mode"], given["max_model_length"]) == ("colocate", True, 512)
    assert given["generation_kwargs"] == {"stop_token_ids": [2]} and given["gpu_memory_utilization"] == 0.3
    assert FakeVLLM.made[0].synced == 3
    assert log[1]["cut"] < 1 and log[1]["sampling/importance_sampling_ratio/mean"] == pytest.approx(
        1, abs=1e-2
    )


@pytest.mark.parametrize(
    ("args", "ours"),
    [
        ({}, True),
        ({"use_vllm": True}, False),
        ({"use_transformers_continuous_batching": True}, False),
        ({"top_p": 0.9}, False),
    ],
)
def test_our_rollouts_take_the_place_of_plain_generation_alone(args, ours, tmp_path):
    config = grpo.GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, **args)
    assert rollout.is_plain(config) == ours


@pytest.mark.parametrize("how", ["sum_then_normalize", "normalize_then_sum"])
def test_rows_of_the_other_task_count_neither_as_right_nor_as_wrong(how, base, tmp_path):
    """Half of the rows have a problem, half constraints: each reward's mean is over its own rows."""
    rows = list(grpo_rows())
    for row in rows[::2]:
        row["solution"] = None
    for row in rows[1::2]:
        row["solution"] = "8"
    args = {"multi_objective_aggregation": how, "max_steps": 2, "save_strategy": "no"}
    rewards = {"correct": 1.0, "constraints": 1.0}
    config = make_stage(tmp_path / "rl", base, "grpo", args, rewards=rewards)
    write_rows(tmp_path / "grpo.jsonl", rows)
    log = lines(train(config, "grpo") / "log.jsonl")
    for entry in log[1:]:
        assert entry["rewards/correct/mean"] == pytest.approx(entry["correct"])
        assert entry["rewards/constraints/mean"] == pytest.approx(entry["sacc"])
        assert 0 <= entry["grad_norm"] < float("inf") and entry["grader_timeout"] == 0
    assert any(entry["sacc"] > 0 for entry in log[1:])
