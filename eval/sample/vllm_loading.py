"""vLLM's engine for a checkpoint: which arguments it starts with, and how long it is kept."""

import gc
import os
from typing import Any

import torch
from safetensors import safe_open

from ..io.errors import InputError
from ..weights.check import check_weights, weight_files
from .checkpoint import fingerprint
from .vllm_arguments import VllmArguments

# Where nothing else is said. In one process and bound to no core: the recipe's `threads` say how many it takes.
ON_A_CPU = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
CPU_CACHE = 1 << 30  # bytes of keys and values; vLLM would take most of the memory
STORED = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}  # as safetensors and as vLLM call them

_kept: dict[tuple[str, str, VllmArguments], Any] = {}  # one at most


def load_vllm(name: str, arguments: VllmArguments, room: int) -> Any:
    """vLLM's `LLM` for a checkpoint with at least `room` tokens a sample, or all that the model has positions for.

    The last one is kept while the folder's files, the arguments and the room allow. Raises InputError where the
    weights are not all there, or where `arguments` give less room.
    """
    if arguments.max_model_len and arguments.max_model_len < room:
        said = f"{arguments.max_model_len}, but prompt, reply and edits may come to {room} tokens"
        raise InputError("launch.vllm.max_model_len", said, f"give {room}, or leave it out")
    key = (name, fingerprint(name), arguments)
    if (
        key in _kept
        and _positions(_kept[key].model_config.hf_config, room) <= _kept[key].model_config.max_model_len
    ):
        return _kept[key]
    config = check_weights(name)
    unload_vllm()
    _kept[key] = _start(name, arguments, _positions(config, 1 << (room - 1).bit_length()), config)
    return _kept[key]


def unload_vllm() -> None:
    """Give back what the kept engine holds, before another takes its place on the card."""
    if not _kept:
        return
    from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

    _, engine = _kept.popitem()
    engine.llm_engine.engine_core.shutdown()
    del engine
    gc.collect()
    cleanup_dist_env_and_memory()


def _start(name: str, arguments: VllmArguments, length: int, config: Any) -> Any:
    settings: dict[str, Any] = {"dtype": _own_dtype(name, config), "max_model_len": length}
    if not torch.cuda.is_available():
        for variable, value in ON_A_CPU.items():
            os.environ.setdefault(variable, value)
        if (
            "WORLD_SIZE" in os.environ
        ):  # this process is one of several already, which is not the engine's affair
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "1"
        # Its CPU build cannot take back the draw of a prompt that is read in two steps.
        settings |= {"dtype": "float32", "enforce_eager": True, "enable_chunked_prefill": False}
        if not arguments.gpu_memory_utilization:
            settings["kv_cache_memory_bytes"] = CPU_CACHE
    from vllm import LLM

    return LLM(model=name, trust_remote_code=False, **settings | arguments.of_one_engine)


def _positions(config: Any, wanted: int) -> int:
    """As many as wanted, and no more than the model attends to."""
    return min(wanted, getattr(config.get_text_config(), "max_position_embeddings", None) or wanted)


def _own_dtype(name: str, config: Any) -> str:
    """As transformers' `auto` reads it: what the config says, else the type of the first weight. vLLM's `auto` is
    another: it makes float32 bfloat16."""
    said = getattr(config, "dtype", None) or getattr(config.get_text_config(), "dtype", None)
    if said:
        return str(said).removeprefix("torch.")
    with safe_open(weight_files(name)[0], framework="pt") as weights:
        first = weights.get_slice(next(iter(weights.keys()))).get_dtype()
    return STORED.get(first, "auto")
