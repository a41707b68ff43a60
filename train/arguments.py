"""TRL's own keys, checked against the installed TRL before anything runs.

The fields are read from the sources of TRL's and transformers' configs, not by importing them: that takes
milliseconds instead of seconds, so a recipe is refused before the first import.
"""

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..eval.io.errors import InputError, nearest
from .limits import ROLLING_OUT, Trainer, annotated, check_numbers, check_value, choices, default, source

CONFIGS = {
    "sft": ("SFTConfig", "trl/trainer/sft_config.py"),
    "grpo": ("GRPOConfig", "trl/trainer/grpo_config.py"),
    "pretrain": ("SFTConfig", "trl/trainer/sft_config.py"),
    "distill": ("DistillationConfig", "trl/trainer/distillation_config.py"),
}
PARENTS = ("trl/trainer/base_config.py", "transformers/training_args.py")
ENUMS = ("transformers/trainer_utils.py", "transformers/training_args.py")
KINDS = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "dict": (dict,),
    "list": (list,),
}
# Kept from TRL: a stage's tokenizer has the template already, with one fixed day where it writes the date.
OURS: dict[str, dict[str, str]] = {
    trainer: {"chat_template_path": "str | None"} for trainer in ("sft", "grpo", "pretrain", "distill")
}  # as SFTConfig has it
REMOVED = {
    "warmup_ratio": "warmup_steps takes a share when it is below 1",
    "max_seq_length": "it is max_length",
    "max_prompt_length": "cut or drop long prompts in the data",
    "torch_dtype": "it is dtype, in model_init_kwargs",
    "evaluation_strategy": "it is eval_strategy",
    "group_by_length": "rows are drawn at random",
    "no_cuda": "it is use_cpu",
    "overwrite_output_dir": "a stage goes on from its last checkpoint; remove its folder to start over",
    "save_safetensors": "weights are always safetensors",
    "logging_dir": "a stage logs to its own folder",
}
ELSEWHERE = {
    "teacher_model_name_or_path": "it is the stage's `teacher`",
    "teacher_model_revision": "it is the stage's `teacher`",
    "reward_weights": "they are the stage's `rewards`",
    "resume_from_checkpoint": "a stage goes on from its last whole checkpoint by itself",
    "eval_strategy": "checkpoints are evaluated by reins.eval",
    "load_best_model_at_end": "checkpoints are evaluated by reins.eval",
    "assistant_only_loss": "the loss falls on the completion",
    "completion_only_loss": "the loss falls on the completion",
    "dataset_text_field": "rows are prompt and completion messages",
    "dataset_kwargs": "rows are prompt and completion messages",
}
RESUMED = "a stage that is killed would go on to other weights"
# Key -> the values that are taken, what the others do, and the fix.
REFUSED: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "save_only_model": ((False,), f"{RESUMED}: no optimizer is saved", "take it out"),
    "ignore_data_skip": ((False,), f"{RESUMED}: it sees its first rows again", "take it out"),
    "train_sampling_strategy": (("random", "sequential"), f"{RESUMED}: groups are drawn anew", "take it out"),
    "save_strategy": (("no", "steps", "epoch"), "checkpoints are judged by reins.eval", "steps, epoch or no"),
    "eval_on_start": ((False,), "checkpoints are evaluated by reins.eval", "take it out"),
    "sync_ref_model": ((False,), f"{RESUMED}: no checkpoint keeps the reference", "take it out"),
    "auto_find_batch_size": ((False,), "the batch would not be the one that is compared", "take it out"),
    "push_to_hub": (
        (False,),
        "every save would be uploaded",
        "take it out; `reins push` uploads an arm, privately",
    ),
    "trust_remote_code": ((False,), "no code of a model's own is run here", "take it out"),
    "hub_token": (
        (None,),
        "a secret does not belong into a recipe",
        "take it out, and log in by `hf auth login`",
    ),
    "fsdp": (
        (None, False, ""),
        "the launch file wraps the model",
        "launch.accelerate: recipes/accelerate/fsdp2.yaml",
    ),
    "deepspeed": (
        (None, ""),
        "the launch file wraps the model",
        "launch.accelerate: recipes/accelerate/zero2.yaml",
    ),
}
DTYPES = ("float32", "bfloat16", "float16")  # by their names in torch


def check_args(trainer: Trainer, args: Mapping[str, Any], world_size: int = 1) -> None:
    """Raise InputError for the first key or value that this TRL would refuse, drop or misread."""
    for key, value in args.items():
        _check_key(trainer, key, value)
    _check_inside(args)
    check_numbers(trainer, args)
    if args.get("save_total_limit") == 1:
        raise InputError(
            "args.save_total_limit", "1 leaves none to go on from if killed while saving", "2 or more"
        )
    if args.get("label_smoothing_factor") and (
        trainer in ROLLING_OUT or args.get("loss_type", "nll") == "dft"
    ):
        what = "no part of this loss: it would be left out unsaid"
        raise InputError("args.label_smoothing_factor", what, "take it out")
    if trainer == "grpo":
        _check_groups(args, world_size)
    else:
        _check_packing(args)


def _check_key(trainer: Trainer, key: str, value: Any) -> None:
    name, known, where = CONFIGS[trainer][0], fields(trainer) | OURS[trainer], f"args.{key}"
    if key not in known:
        raise _unknown(key, name, known)
    if key in ELSEWHERE:
        raise InputError(where, f"not settled here: {ELSEWHERE[key]}", "take it out")
    if not fits(value, known[key]):
        raise InputError(where, f"{value!r} is not what {name} takes", f"give {_wanted(known[key])}")
    # TRL would read JSON, or a file of it, where a mapping may stand: what it holds could not be looked at here.
    if isinstance(value, str) and "dict" in kinds_of(known[key]) and key not in REFUSED:
        raise InputError(where, f"{value!r} is a text", "give a mapping")
    line = _lines(trainer).get(key)
    check_value(key, value, known[key], default(line) if line else ..., choices(trainer).get(key, []))
    if key in REFUSED and value not in REFUSED[key][0]:
        raise InputError(where, REFUSED[key][1], REFUSED[key][2])


def _check_inside(args: Mapping[str, Any]) -> None:
    """What is refused inside arguments that hold settings of their own."""
    for key in ("model_init_kwargs", "teacher_model_init_kwargs"):
        loading = args.get(key) or {}
        if loading.get("trust_remote_code"):
            what, fix = REFUSED["trust_remote_code"][1:]
            raise InputError(f"args.{key}.trust_remote_code", what, fix)
        check_dtype(loading.get("dtype"), f"args.{key}.dtype", [*DTYPES, "auto"])
    if (args.get("accelerator_config") or {}).get("use_seedable_sampler") is False:
        raise InputError("args.accelerator_config", f"{RESUMED}: rows come in another order", "take it out")


def check_dtype(dtype: Any, where: str, known: Sequence[str] = DTYPES) -> None:
    """Raise InputError where weights cannot be opened or drawn in this type; None is none of ours to say."""
    if dtype is not None and dtype not in known:
        raise InputError(where, f"{dtype!r} is none that weights are trained in", nearest(dtype, known))


@cache
def fields(trainer: Trainer) -> dict[str, str]:
    """Field name -> annotation, for the config that the trainer takes."""
    return {name: ast.unparse(line.annotation) for name, line in _lines(trainer).items()}


@cache
def _lines(trainer: Trainer) -> dict[str, ast.AnnAssign]:
    """Field name -> where the last config that has it declares it."""
    files = (*reversed(PARENTS), CONFIGS[trainer][1])
    return {
        line.target.id: line
        for file in files
        for line in annotated(source(file))
        if isinstance(line.target, ast.Name)
    }


def _unknown(key: str, config: str, known: Mapping[str, str]) -> InputError:
    if key in REMOVED:
        return InputError(f"args.{key}", f"gone from {config}", REMOVED[key])
    return InputError(f"args.{key}", f"{config} has no such key", nearest(key, known))


def fits(value: Any, annotation: str) -> bool:
    """Whether a value from YAML has the annotated type; what is neither a plain type nor an enum is left to TRL."""
    kinds = kinds_of(annotation)
    if value is None or any(kind not in KINDS and kind not in enums() for kind in kinds):
        return True
    if choices := [value for kind in kinds for value in enums().get(kind, ())]:
        return value in choices
    if isinstance(value, bool):
        return "bool" in kinds
    return any(isinstance(value, KINDS[kind]) for kind in kinds)


def kinds_of(annotation: str) -> list[str]:
    return [kind for part in annotation.split("|") if (kind := part.strip().partition("[")[0]) != "None"]


def _wanted(annotation: str) -> str:
    return (
        " | ".join(", ".join(map(repr, enums()[kind])) for kind in kinds_of(annotation) if kind in enums())
        or annotation
    )


@cache
def enums() -> dict[str, list[str]]:
    """Name -> values, for transformers' enums."""
    values_of: dict[str, list[str]] = {}
    for file in ENUMS:
        for node in ast.parse(source(file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base) == "ExplicitEnum" for base in node.bases
            ):
                values = [line.value for line in node.body if isinstance(line, ast.Assign)]
                values_of[node.name] = [
                    str(value.value) for value in values if isinstance(value, ast.Constant)
                ]
    return values_of


def _check_packing(args: Mapping[str, Any]) -> None:
    strategy = args.get("packing_strategy") or "bfd"
    if args.get("packing") and strategy != "bfd":
        fault = (
            "lets rows see each other"
            if strategy == "wrapped"
            else "goes on with what is over without its prompt"
        )
        raise InputError("args.packing_strategy", f"{strategy!r} {fault}", "use bfd")
    if args.get("padding_free") and not args.get("packing") and args.get("max_length", 1024) is not None:
        fault = "TRL cuts no row at max_length then"
        raise InputError("args.padding_free", fault, "packing: true, or max_length: null")


def _check_groups(args: Mapping[str, Any], world_size: int) -> None:
    """The arithmetic of GRPO's batches: whole groups, and checkpoints where no completion is left over."""
    per_device, accumulated = (
        args.get("per_device_train_batch_size", 8),
        args.get("gradient_accumulation_steps", 1),
    )
    group, step = args.get("num_generations", 8), per_device * world_size
    if group is None:
        raise InputError("args.num_generations", "blank", "give an int, or take the key out: TRL's is 8")
    size = args.get("generation_batch_size") or step * (args.get("steps_per_generation") or accumulated)
    if size % step or size % group:
        raise InputError(
            "args.generation_batch_size",
            f"a generation batch of {size} completions is not whole groups of num_generations {group} "
            f"and whole batches of {per_device} on {world_size} process(es)",
            "change one of them",
        )
    used_up = size // step * args.get("num_iterations", 1)
    save = args.get("save_steps", 500)
    every = 1 if 0 < save < 1 else save  # a share of all steps, of which any may be the one
    # An epoch ends where a generation batch does
    if args.get("save_strategy", "steps") == "steps" and (every * accumulated) % used_up:
        raise InputError(
            "args.save_steps",
            f"{save} saves amid a generation batch, and its completions are not kept",
            f"it lasts {used_up / accumulated:g} steps, so save every multiple of that",
        )
