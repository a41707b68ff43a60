"""What a card must hold, and the settings that only bite on one."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from ...eval.io.errors import nearest
from ..recipe.files import locate
from ..recipe.launch_files import wrapper
from ..recipe.schema import Stage
from ..recipe.yaml_file import read_yaml
from .cards import CARDS
from .finding import Finding
from .material import HUB, Material
from .shapes import Shape

GIB = 2**30
CONTEXT = 3.0  # GiB taken for CUDA, NCCL and what the allocator cannot use: an assumption
PROMPT = 1024  # tokens of a prompt where none is said
FLASH = "flash"
INSTALL = "pip install -e '.[vllm]' -c constraints-vllm.txt where it runs"


def memory(material: Material) -> Iterator[Finding]:
    """Weights, gradients, optimizer, activations and vLLM's share, against the card."""
    recipe = material.recipe
    if recipe.launch.gpu is None:
        cpu = read_yaml(locate(recipe.launch.accelerate)).get("use_cpu")
        if not cpu and material.stages:
            yield Finding("warn", "memory", "not estimated: no card is named", "launch.gpu: H100-80G")
        return
    if material.card is None:
        text = f"launch.gpu: {recipe.launch.gpu} is not known, {nearest(recipe.launch.gpu, CARDS)}"
        yield Finding("FAIL", "memory", text, "one of these")
        return
    if material.stages and material.shape is None:
        yield Finding("warn", "memory", f"{recipe.base}: {HUB}")
        return
    for name, stage in material.stages.items():
        shape = material.largest_in(name)
        assert shape is not None
        parts = stage_memory(material, stage, shape)
        yield _verdict(name, sum(parts.values()), parts, material.card.memory)
    yield from _evaluation(material)


def _verdict(name: str, total: float, parts: dict[str, float], available: float) -> Finding:
    listed = ", ".join(f"{part} {size:.1f}" for part, size in parts.items() if size >= 0.05)
    summary = f"{name}: about {total:.0f} of {available:.0f} GiB a card ({listed})"
    if total > available:
        return Finding(
            "FAIL", "memory", summary, "a smaller per_device_train_batch_size, fsdp2.yaml, or more cards"
        )
    if total > 0.9 * available:
        return Finding(
            "warn", "memory", summary, "a smaller per_device_train_batch_size leaves room for long rows"
        )
    return Finding("ok", "memory", summary)


def stage_memory(material: Material, stage: Stage, shape: Shape) -> dict[str, float]:
    """GiB a card by part, of a model of this shape. Logits are not there: TRL computes the losses in chunks.

    States: float32 weights, gradients and Adam's two moments are 16 bytes a parameter, in bfloat16 8; FSDP2 and
    ZeRO-3 give each card its part of all, ZeRO-2 of all but the weights. Activations: with checkpointing, one float32
    vector a layer and token and one layer's inside. vLLM's share counts whole, or, asleep while training, where it is
    larger than the activations.
    """
    assert material.card is not None
    args, count = material.args(stage), material.recipe.launch.processes
    kind = wrapper(locate(material.recipe.launch.accelerate))
    whole, trained = _weights(shape, args.get("model_init_kwargs")), 0.02 if stage.lora is not None else 1.0
    parts = count if kind in ("fsdp2", "zero3") else 1
    weights = whole / parts
    moments = 3 * whole * trained / (count if kind in ("fsdp2", "zero2", "zero3") else 1)
    # bfloat16 weights of two layers: the one at work, and the next that is fetched meanwhile
    gathered = 2 * 2 * shape.block / GIB if kind in ("fsdp2", "zero3") else 0.0
    activations = _activations(shape, _tokens(args, stage), bool(args["gradient_checkpointing"]))
    vllm = 0.0
    if args["use_vllm"] and args.get("vllm_mode", "colocate") == "colocate":
        vllm = args.get("vllm_gpu_memory_utilization", 0.3) * material.card.memory
        if args.get("vllm_enable_sleep_mode"):
            vllm = max(0.0, vllm - activations)
    states = {"weights": weights, "gradients and optimizer": moments}
    if stage.trainer == "distill":
        states["teacher"] = (
            _weights(material.teacher_of(stage) or shape, args.get("teacher_model_init_kwargs")) / parts
        )
    elif stage.trainer == "grpo" and args["beta"] and stage.lora is None:
        states["reference"] = weights
    return states | {"gathered": gathered, "activations": activations, "vLLM": vllm, "context": CONTEXT}


def _weights(shape: Shape, loading: Mapping[str, Any] | None) -> float:
    """GiB of a model of this shape, opened with these keyword arguments; float32 where they say nothing."""
    return shape.parameters * (4 if (loading or {}).get("dtype", "float32") == "float32" else 2) / GIB


def _tokens(args: dict, stage: Stage) -> int:
    if not stage.rolls_out:
        return args["per_device_train_batch_size"] * (args["max_length"] or 0)
    return args["per_device_train_batch_size"] * (args["max_completion_length"] + PROMPT)


def _activations(shape: Shape, tokens: int, checkpointed: bool) -> float:
    # 2 bytes: bfloat16, what backward wants of a layer's inside
    inside = 2 * (8 * shape.hidden + 4 * shape.heads * shape.head_dim + 4 * shape.feedforward)
    kept = 4 * shape.hidden
    layers = shape.layers * kept + inside if checkpointed else shape.layers * (kept + inside)
    return tokens * layers / GIB


def _evaluation(material: Material) -> Iterator[Finding]:
    """bf16 weights of every model that is only evaluated, on the cards that it gets."""
    assert material.card is not None
    launch = material.recipe.launch
    share = launch.vllm.gpu_memory_utilization or 0.9  # vLLM's own, of a card that it has to itself
    cards = launch.asking // launch.engines
    for name, shape in material.shapes.items():
        if shape is None:
            model = material.recipe.models.get(name, material.recipe.base)
            yield Finding("warn", "memory", f"{name}: {model} {HUB}")
            continue
        # 2 GiB a card is the least cache worth the name
        size, available = 2 * shape.parameters / GIB, cards * share * material.card.memory
        lend = "one card lends" if cards == 1 else f"{cards} cards lend"
        summary = f"evaluation of {name}: {size:.0f} GiB of weights, {lend} vLLM {available:.0f}"
        if size + 2 * cards > available:
            fix = "a larger card, a smaller model, or launch.vllm: {tensor_parallel_size: …}"
            yield Finding("FAIL", "memory", summary, fix)
        else:
            yield Finding("ok", "memory", summary)


def vllm(material: Material) -> Iterator[Finding]:
    """Rollouts by vLLM: a card to run on, room for its weights, the config it reads."""
    cpu = bool(read_yaml(locate(material.recipe.launch.accelerate)).get("use_cpu"))
    for name, stage in material.stages.items():
        args = material.args(stage)
        if args["use_vllm"]:
            yield _rollouts(material, name, args, cpu)
        elif stage.rolls_out and material.card and not args.get("use_transformers_continuous_batching"):
            text = f"{name}: rollouts by transformers on a {material.recipe.launch.gpu}"
            other = ", or use_transformers_continuous_batching: true" * (stage.trainer == "grpo")
            yield Finding("warn", "vllm", text, f"use_vllm: true{other}")


def _rollouts(material: Material, name: str, args: dict[str, Any], cpu: bool) -> Finding:
    # 1 and 0.3 are TRL's defaults
    parallel, share = args.get("vllm_tensor_parallel_size", 1), args.get("vllm_gpu_memory_utilization", 0.3)
    shape, card = material.largest_in(name), material.card
    if cpu:
        text = f"{name}: use_vllm under a launch file for the CPU"
        return Finding("FAIL", "vllm", text, "use_vllm: false")
    if material.recipe.launch.processes % parallel or (shape and shape.heads % parallel):
        text = f"{name}: vllm_tensor_parallel_size {parallel} divides not both processes and attention heads"
        return Finding("FAIL", "vllm", text, "1, or a common divisor")
    if shape and card and 2 * shape.parameters / GIB / parallel + 1 > share * card.memory:
        text = f"{name}: vLLM's {share:g} of the card does not hold the weights and a cache"
        return Finding("FAIL", "vllm", text, "a larger vllm_gpu_memory_utilization, or tensor parallel")
    if find_spec("vllm") is None:
        return Finding("warn", "vllm", f"{name}: vLLM is not installed here", INSTALL)
    if args.get("vllm_mode", "colocate") == "colocate" and not args.get("vllm_enable_sleep_mode"):
        text = f"{name}: vLLM keeps its share of the card while training"
        return Finding("warn", "vllm", text, "vllm_enable_sleep_mode: true")
    return Finding("ok", "vllm", f"{name}: {share:g} of the card, tensor parallel {parallel}")


def rope(material: Material) -> Iterator[Finding]:
    """vLLM reads the checkpoint's own config, so what model_init_kwargs change there it never sees."""
    for name, stage in material.stages.items():
        overrides = stage.loading
        changed = sorted(
            {"rope_parameters", "rope_scaling", "rope_theta", "max_position_embeddings"} & {*overrides}
        )
        if changed and stage.args.get("use_vllm"):
            text = f"{name}: {', '.join(changed)} change the model that learns, not the one that vLLM asks"
            yield Finding(
                "FAIL", "rope", text, "change it in an SFT stage before, or in the base's config.json"
            )
        elif changed and "max_position_embeddings" not in changed:
            text = f"{name}: RoPE is changed, the positions stay as they are"
            yield Finding("warn", "rope", text, "max_position_embeddings beside it")
        elif changed:
            yield Finding("ok", "rope", f"{name}: {', '.join(changed)} set, and kept in the checkpoint")


def precision(material: Material) -> Iterator[Finding]:
    """Full fine-tuning keeps float32 weights: small updates are lost in bfloat16."""
    for name, stage in material.stages.items():
        dtype = stage.loading.get("dtype", "float32")
        if stage.args.get("fp16"):
            yield Finding("FAIL", "precision", f"{name}: fp16 overflows where bf16 does not", "bf16: true")
        elif dtype != "float32" and stage.lora is None:
            text = f"{name}: weights in {dtype}, in which an update of {stage.args.get('learning_rate', 'this size')} is lost"
            yield Finding("warn", "precision", text, "model_init_kwargs: {dtype: float32} and bf16: true")
        else:
            yield Finding("ok", "precision", f"{name}: {dtype} weights")


def packing(material: Material) -> Iterator[Finding]:
    """Packed rows on a card want flash attention; it wants a card."""
    cpu = read_yaml(locate(material.recipe.launch.accelerate)).get("use_cpu")
    for name, stage in material.stages.items():
        attention = str(stage.loading.get("attn_implementation", ""))
        if FLASH in attention and cpu:
            text = f"{name}: {attention} under a launch file for the CPU"
            yield Finding("FAIL", "attention", text, "take attn_implementation out")
        elif stage.args.get("packing") and not cpu and FLASH not in attention:
            text = f"{name}: packed without flash attention: rows stay apart by a mask of max_length squared"
            yield Finding("warn", "packing", text, "attn_implementation: kernels-community/flash-attn2")
        elif stage.args.get("padding_free") and FLASH not in attention:
            text = f"{name}: padding_free without flash attention"
            yield Finding(
                "FAIL",
                "packing",
                text,
                "packing: true, or attn_implementation: kernels-community/flash-attn2",
            )
        elif "kernels-community" in attention and find_spec("kernels") is None:
            yield Finding(
                "warn", "attention", f"{name}: {attention} needs the package kernels", "pip install kernels"
            )
        elif stage.args.get("packing"):
            yield Finding("ok", "packing", f"{name}: whole rows in bins, rows do not see each other")


def lora(material: Material) -> Iterator[Finding]:
    """A rank, and a learning rate that moves it; peft's keys are looked at with TRL's."""
    for name, stage in material.stages.items():
        if stage.lora is None:
            continue
        # TRL's defaults of learning_rate, and peft's of r
        default = 1e-6 if stage.rolls_out else 2e-5
        rank, rate = stage.lora.get("r", 8), stage.args.get("learning_rate", default)
        if rank < 1:
            yield Finding("FAIL", "lora", f"{name}: r is {rank!r}", "a whole number above 0")
        elif rate < 1e-5:
            text = f"{name}: learning_rate {rate:g} hardly moves a LoRA, which wants about ten times the full one"
            yield Finding("warn", "lora", text, "1e-4 for SFT, 1e-5 for RL")
        else:
            yield Finding("ok", "lora", f"{name}: rank {rank}, learning_rate {rate:g}")
