"""TRL's keys are checked by name and type against the installed TRL, without importing it."""

import dataclasses

import pytest
from peft import LoraConfig
from trl import DistillationConfig, GRPOConfig, SFTConfig

from reins.eval.io.errors import InputError
from reins.train.arguments import check_args, fields
from reins.train.limits import choices
from reins.train.lora_arguments import check_lora, lora_fields

CONFIGS = [("sft", SFTConfig), ("grpo", GRPOConfig), ("distill", DistillationConfig)]


def test_fields_are_those_of_the_installed_trl():
    for trainer, config in CONFIGS:
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
        ("sft", {"packing": True, "packing_strategy": "bfd_split"}, "goes on with what is over without"),
        ("sft", {"padding_free": True, "max_length": 512}, "TRL cuts no row"),
        ("grpo", {"num_iterations": 2, "save_steps": 0.1}, "args.save_steps: 0.1 saves amid a generation"),
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
    check_args("grpo", {"multi_objective_aggregation": "normalize_then_sum", "save_steps": 0.1})
    check_args("sft", {"router_aux_loss_coef": 0.0})
    check_args("grpo", {"chat_template_path": "a.jinja", "use_transformers_continuous_batching": True})
    for trainer in ("sft", "grpo"):
        check_args(trainer, {"model_init_kwargs": {"attn_implementation": "kernels-community/flash-attn2"}})
        for dtype in ("float32", "float16", "bfloat16", "auto"):
            check_args(trainer, {"model_init_kwargs": {"dtype": dtype}})
    lora = {"r": 16, "target_modules": "all-linear", "lora_dropout": 0.05, "use_dora": True, "bias": "none"}
    check_lora("sft", lora, {})


def test_fields_are_those_of_the_installed_peft():
    theirs = {field.name for field in dataclasses.fields(LoraConfig)}
    assert set(lora_fields()) < theirs and {"r", "lora_alpha", "target_modules"} < set(lora_fields())


def wrong(field):
    """A value of the field's own type that cannot be meant, by what its type and default are; None where there is none."""
    kinds = str(field.type)
    if "str" in kinds:
        return None
    if isinstance(field.default, bool) or "bool" in kinds:
        return "perhaps"
    if isinstance(field.default, int | float) and field.default >= 0:
        return -1
    return [object()] if "int" in kinds or "float" in kinds else None


@pytest.mark.parametrize(("trainer", "config"), CONFIGS)
def test_a_wrong_value_of_every_argument_is_one_line_that_names_it(trainer, config):
    tried = 0
    for field in dataclasses.fields(config):
        if (value := wrong(field)) is not None:
            with pytest.raises(InputError, match=rf"^args\.{field.name}: ") as caught:
                check_args(trainer, {field.name: value})
            assert "\n" not in str(caught.value)
            tried += 1
    assert tried > 60


@pytest.mark.parametrize(("trainer", "config"), CONFIGS)
def test_a_blank_is_refused_where_the_field_has_no_none(trainer, config):
    numbers = [field for field in dataclasses.fields(config) if field.type in ("int", "float", int, float)]
    assert len(numbers) >= 20
    for field in numbers:
        with pytest.raises(InputError, match=f"args.{field.name}: blank"):
            check_args(trainer, {field.name: None})


def test_the_choices_are_those_that_the_trainers_themselves_compare_with():
    found = choices("grpo")
    assert {"dr_grpo", "dapo", "bnpo"} <= set(found["loss_type"])
    assert found["scale_rewards"] == ["batch", "group", "none"]
    for trainer, config in CONFIGS:
        for field in dataclasses.fields(config):
            if field.type in ("str", str) and len(choices(trainer).get(field.name, [])) > 1:
                assert field.default in choices(trainer)[field.name], field.name
                with pytest.raises(InputError, match=f"args.{field.name}: "):
                    check_args(trainer, {field.name: f"{field.default}_"})


@pytest.mark.parametrize(
    ("trainer", "args", "message"),
    [
        ("sft", {"learning_rate": 2.0e5}, "args.learning_rate: 200000"),
        ("sft", {"learning_rate": float("nan")}, "args.learning_rate: nan is no finite number"),
        ("sft", {"per_device_train_batch_size": 0}, "args.per_device_train_batch_size: 0"),
        ("sft", {"num_train_epochs": 0}, "args.num_train_epochs: 0"),
        ("sft", {"adam_beta2": 1.5}, "args.adam_beta2: 1.5"),
        ("sft", {"packing": True, "max_length": None}, "args.max_length: blank"),
        ("sft", {"save_only_model": True}, "other weights: no optimizer is saved"),
        ("sft", {"train_sampling_strategy": "group_by_length"}, "other weights: groups are drawn anew"),
        ("sft", {"ignore_data_skip": True}, "other weights: it sees its first rows again"),
        (
            "sft",
            {"accelerator_config": {"use_seedable_sampler": False}},
            "other weights: rows come in another order",
        ),
        (
            "sft",
            {"model_init_kwargs": '{"dtype": "bfloat16"}'},
            """args.model_init_kwargs: '{"dtype": "bfloat16"}' is a text; give a mapping""",
        ),
        (
            "grpo",
            {"accelerator_config": "x.json"},
            "args.accelerator_config: 'x.json' is a text; give a mapping",
        ),
        ("distill", {"teacher_model_init_kwargs": "{}"}, "args.teacher_model_init_kwargs: '{}' is a text"),
        ("sft", {"save_strategy": "best"}, "args.save_strategy: checkpoints are judged by reins.eval"),
        ("sft", {"hub_token": "hf_x"}, "args.hub_token: a secret does not belong into a recipe"),
        ("sft", {"push_to_hub": True}, "`reins push` uploads an arm, privately"),
        ("sft", {"deepspeed": "ds.json"}, "args.deepspeed: the launch file wraps the model"),
        ("grpo", {"sync_ref_model": True}, "other weights: no checkpoint keeps the reference"),
        ("sft", {"label_smoothing_factor": 1.5}, "args.label_smoothing_factor: 1.5"),
        ("sft", {"label_smoothing_factor": 0.1, "loss_type": "dft"}, "no part of this loss"),
        ("grpo", {"label_smoothing_factor": 0.1}, "no part of this loss"),
        ("grpo", {"temperature": 0.0}, "args.temperature: 0"),
        ("grpo", {"max_completion_length": None}, "args.max_completion_length: blank"),
        ("grpo", {"beta": -0.1}, "args.beta: -0.1 is below 0"),
        ("grpo", {"num_generations": 0}, "args.num_generations: 0"),
        ("grpo", {"num_generations": None}, "args.num_generations: blank"),
        ("sft", {"max_steps": 10**13}, "args.max_steps: 1e+13 optimizer steps; ask for fewer"),
        (
            "sft",
            {"model_init_kwargs": {"dtype": "bf16"}},
            "_kwargs.dtype: 'bf16' is none that weights are trained in; did you mean 'bfloat16'?",
        ),
        (
            "distill",
            {"teacher_model_init_kwargs": {"dtype": "fp32"}},
            "args.teacher_model_init_kwargs.dtype: 'fp32' is none",
        ),
    ],
)
def test_what_would_fail_or_mislead_later_is_refused_first(trainer, args, message):
    with pytest.raises(InputError) as caught:
        check_args(trainer, args)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_steps_between_saves_matter_only_where_saves_go_by_steps():
    three_each = {"num_iterations": 3, "per_device_train_batch_size": 8}
    with pytest.raises(InputError, match=r"args.save_steps: 500 saves amid a generation batch"):
        check_args("grpo", three_each)
    for strategy in ("epoch", "no"):
        check_args("grpo", three_each | {"save_strategy": strategy})
    check_args("sft", {"max_steps": 50, "save_steps": 0.1, "packing": True, "packing_strategy": "bfd"})
