"""What a stage would make of its arguments, made here: TRL's, transformers' and peft's own refusals, before any GPU.

Config, optimizer, schedule and sampling are the real ones; the adapter goes onto the base's model without weights.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

from ...eval.io.errors import InputError, nearest
from ...train.arguments import OURS
from ..plan.estimate import generation_batch
from ..recipe.architecture import UNREADABLE
from ..recipe.files import locate
from ..recipe.schema import Stage
from .finding import Finding
from .material import Material
from .shapes import meta_model

# What this machine's hardware decides, and the wrapper; checked where the stage runs.
ELSEWHERE = (
    "bf16",
    "fp16",
    "tf32",
    "bf16_full_eval",
    "fp16_full_eval",
    "torch_compile",
    "steps_per_generation",
)
LOADING = ("dtype", "attn_implementation", "experts_implementation", "device_map", "revision", "use_cache")


class Adapters(NamedTuple):
    """Parameters of a stage's adapters, and of the experts that have none."""

    trained: int
    frozen: int


def objects(material: Material) -> Iterator[Finding]:
    """Every stage's config, optimizer, schedule, sampling, model settings and adapter can be made."""
    for name, stage in material.stages.items():
        try:
            with warnings.catch_warnings():  # what libraries say of their own next versions is no finding
                warnings.simplefilter("ignore")
                _arguments(material, stage)
                adapters = _adapters(material, stage)
        except InputError as error:
            part = "lora" if error.where.startswith("lora") else "args"
            yield Finding("FAIL", part, f"{name}: {error.where}: {error.what}", error.fix)
            continue
        yield Finding("ok", "args", f"{name}: TRL takes them")
        if adapters:
            yield Finding("ok", "lora", f"{name}: trains {adapters.trained:,} parameters of adapters")
        if adapters and adapters.frozen:
            text = f"{name}: no adapter on {adapters.frozen:,} parameters of experts, which stay as they are"
            fix = "nothing, or lora.target_parameters: [mlp.experts.gate_up_proj, mlp.experts.down_proj]"
            yield Finding("warn", "lora", text, fix)


def _arguments(material: Material, stage: Stage) -> None:
    """Raise InputError where TRL, transformers or the model would refuse the stage's arguments."""
    args = _config(material, stage)
    _optimizer(args, max(material.steps(stage), 1))
    _sampling(stage, args)
    if stage.architecture and material.shape is not None:
        from ...train.config import config_of

        config_of(str(locate(material.recipe.base)), stage.architecture)
    _settings(material, stage.loading)


@contextmanager
def _refusing(where: str, fix: str) -> Iterator[None]:
    """A library's refusal as one line of ours."""
    try:
        yield
    except InputError:
        raise
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise InputError(where, f"{reason:.240}", fix) from None


def _config(material: Material, stage: Stage) -> Any:
    from trl import DistillationConfig, GRPOConfig, SFTConfig

    left_out = (*OURS[stage.trainer], *ELSEWHERE)
    kwargs = {key: value for key, value in stage.args.items() if key not in left_out}
    if stage.trainer == "grpo":  # the batch over all processes, of which this is one
        kwargs["generation_batch_size"] = generation_batch(
            material.args(stage), material.recipe.launch.processes
        )
    # Made on a machine that may have no GPU, where TRL refuses bf16
    fixed = {
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "output_dir": str(material.folder / "stages"),
    }
    configs = {"sft": SFTConfig, "pretrain": SFTConfig, "grpo": GRPOConfig, "distill": DistillationConfig}
    with _refusing("args", "mend the stage's args"):
        return configs[stage.trainer](**{**kwargs, **fixed})


def _optimizer(args: Any, steps: int) -> None:
    import torch
    from transformers import Trainer, get_scheduler

    with _refusing("args.optim", "another optimizer, or install what it needs here and where the stage runs"):
        made, kwargs = Trainer.get_optimizer_cls_and_kwargs(args)
        optimizer = made([torch.nn.Parameter(torch.zeros(2, 2))], **kwargs)
    with _refusing("args.lr_scheduler_kwargs", "what the schedule wants, as {min_lr_rate: 0.1}"):
        schedule_kwargs = args.lr_scheduler_kwargs or {}
        schedule = get_scheduler(
            args.lr_scheduler_type, optimizer, 0, steps, scheduler_specific_kwargs=schedule_kwargs
        )
    if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
        reason = "reduce_lr_on_plateau wants an evaluation while training, which stages do not have"
        raise InputError("args.lr_scheduler_type", reason, "cosine, or another that goes by steps")


def _sampling(stage: Stage, args: Any) -> None:
    from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    if args.use_liger_kernel and find_spec("liger_kernel") is None:
        raise InputError(
            "args.use_liger_kernel", "liger-kernel is not installed", "pip install -e '.[liger]'"
        )
    if stage.rolls_out:
        with _refusing("args", "sampling as transformers takes it"):
            TemperatureLogitsWarper(float(args.temperature))
            TopPLogitsWarper(args.top_p)
            if args.top_k:
                TopKLogitsWarper(args.top_k)
            if args.min_p:
                MinPLogitsWarper(args.min_p)


def _settings(material: Material, overrides: Mapping[str, Any]) -> None:
    """What model_init_kwargs name is a setting of loading or of the base's config; anything else is dropped unsaid."""
    from transformers import AttentionInterface

    model = meta_model(material.recipe.base)
    if model is None:
        return
    known = [*LOADING, *model.config.to_dict()]
    for key in overrides:
        if key not in known:
            fix = "it is dtype" if key == "torch_dtype" else nearest(key, known[:40])
            raise InputError(f"args.model_init_kwargs.{key}", "neither the model nor its loading has it", fix)
    attention, kinds = overrides.get("attn_implementation"), ["eager", *AttentionInterface().valid_keys()]
    if attention and "/" not in attention and attention not in kinds:
        raise InputError(
            "args.model_init_kwargs.attn_implementation", f"{attention!r}", nearest(attention, kinds)
        )


def _adapters(material: Material, stage: Stage) -> Adapters | None:
    """None without `lora`, or where the base is not here."""
    if stage.lora is None:
        return None
    from peft import LoraConfig, get_peft_model

    from ...train.lora import check_adapted

    _try_start(stage.lora)
    model = meta_model(material.recipe.base)
    if model is None:
        return None
    # A mixture of experts holds all of a layer's in one module, which is no linear layer
    experts = {name: module for name, module in model.named_modules() if name.endswith(".experts")}
    sizes = {name: sum(weight.numel() for weight in module.parameters()) for name, module in experts.items()}
    with _refusing("lora", "target_modules: all-linear, or names of the model's layers"):
        # pissa and its like decompose weights, of which a meta model has none
        lora_kwargs = {**stage.lora, "init_lora_weights": True}
        adapted = get_peft_model(model, LoraConfig(**lora_kwargs, task_type="CAUSAL_LM"))
    trained = {name: weight.numel() for name, weight in adapted.named_parameters() if weight.requires_grad}
    check_adapted(adapted)
    frozen = [size for name, size in sizes.items() if not any(f"{name}." in weight for weight in trained)]
    return Adapters(sum(trained.values()), sum(frozen))


def _try_start(lora: Mapping[str, Any]) -> None:
    """Raise InputError where peft refuses the settings, or cannot start by them: on real weights, though few."""
    import torch
    from peft import LoraConfig, get_peft_model

    with _refusing("lora", "mend the stage's lora"):
        LoraConfig(**lora, task_type="CAUSAL_LM")
        start = lora.get("init_lora_weights", True)
        small = LoraConfig(r=2, init_lora_weights=start, target_modules=["0"])
        with torch.random.fork_rng(devices=[]):
            get_peft_model(torch.nn.Sequential(torch.nn.Linear(8, 8)), small)
