"""TRL's keys are checked by name and type against the installed TRL, without importing it."""

import dataclasses

import pytest
from peft import LoraConfig
from trl import GRPOConfig, SFTConfig

from reins.eval.io.errors import InputError
from reins.train.arguments import check_args, check_lora, fields, lora_fields


def test_fields_are_those_of_the_installed_trl():
    for trainer, config in (("sft", SFTConfig), ("grpo", GRPOConfig)):
        assert set(fields(trainer)) == {field.name for field in dataclasses.fields(config)}


@pytest.mark.parametrize(
    ("trainer", "args", "message"),
    [
        (
            "sft",
            {"learning_rat": 1e-4},
            "args.learning_rat: SFTConfig has no such key; did you mean 'learning_rate'?",
        ),
        ("sft", {"num_generations": 8}, "args.num_generations: SFTConfig has no such key"),
        ("sft", {"warmup_ratio": 0.1}, "args.warmup_ratio: gone from SFTConfig; warmup_steps"),
        ("grpo", {"max_prompt_length": 512}, "args.max_prompt_length: gone from GRPOConfig"),
        (
            "sft",
            {"learning_rate": "1e-4"},
            "args.learning_rate: '1e-4' is not what SFTConfig takes; give float",
        ),
        ("sft", {"packing": 1}, "args.packing: 1 is not what SFTConfig takes; give bool"),
        ("sft", {"max_steps": True}, "args.max_steps: True is not"),
        (
            "sft",
            {"save_strategy": False},
            "args.save_strategy: False is not what SFTConfig takes; give 'no', 'steps'",
        ),
        ("sft", {"lr_scheduler_type": "cosin"}, "args.lr_scheduler_type: 'cosin' is not"),
        ("sft", {"packing": True, "packing_strategy": "wrapped"}, "rows see each other"),
        ("sft", {"save_total_limit": 1}, "args.save_total_limit: 1"),
        (
            "grpo",
            {"reward_weights": [1.0]},
            "args.reward_weights: not settled here: they are the stage's `rewards`",
        ),
        (
            "grpo",
            {"num_generations": 7},
            "generation batch of 8 completions is not whole groups of num_generations 7",
        ),
        ("grpo", {"num_iterations": 4, "save_steps": 6}, "args.save_steps: 6 saves amid a generation batch"),
    ],
)
def test_bad_arguments_are_refused_by_name(trainer, args, message):
    with pytest.raises(InputError) as caught:
        check_args(trainer, args)
    assert message in str(caught.value)


def test_good_arguments_pass():
    check_args(
        "sft",
        {
            "max_length": 96,
            "warmup_steps": 0.03,
            "report_to": "none",
            "lr_scheduler_type": "cosine",
            "learning_rate": 1,
        },
    )
    check_args(
        "grpo", {"num_generations": 4, "num_iterations": 2, "save_steps": 4, "loss_type": "dapo", "beta": 0.0}
    )
    check_args("grpo", {"per_device_train_batch_size": 2, "num_generations": 8}, world_size=4)
    vllm = {"use_vllm": True, "vllm_mode": "colocate", "vllm_enable_sleep_mode": True}
    check_args("grpo", vllm | {"vllm_gpu_memory_utilization": 0.3, "vllm_max_model_length": 4096})
    check_args("grpo", {"multi_objective_aggregation": "normalize_then_sum"})
    check_args("grpo", {"chat_template_path": "a.jinja", "use_transformers_continuous_batching": True})
    for trainer in ("sft", "grpo"):
        check_args(trainer, {"model_init_kwargs": {"attn_implementation": "kernels-community/flash-attn2"}})
    check_lora(
        {"r": 16, "target_modules": "all-linear", "lora_dropout": 0.05, "use_dora": True, "bias": "none"}
    )


def test_fields_are_those_of_the_installed_peft():
    theirs = {field.name for field in dataclasses.fields(LoraConfig)}
    assert set(lora_fields()) < theirs and {"r", "lora_alpha", "target_modules"} < set(lora_fields())
