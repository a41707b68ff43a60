"""A tiny model of random weights that looks like another: architecture, tokenizer class, special tokens, template.

From the other's own config and tokenizer where there is a folder, the hub or a cache to read them from, and otherwise
from a table of families, with the chat templates that TRL ships. A rehearsal runs on it; it has learned nothing.
"""

import importlib.resources
import math
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data_builders import BUILDERS
from ...eval.io.errors import InputError
from ...eval.io.tokenizers import open_tokenizer

HUB = ("huggingface.co", 443)
LAYERS = 2
# Values that every architecture of the table understands; a config's other values stay.
SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_window_layers": LAYERS,
    "initializer_range": 0.1,
}
VOCABULARY = 1024
ENDS = 0.1  # how likely each token of a reply is to end it
CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
DEEPSEEK = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>")
LLAMA = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
SMOL = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
QWEN = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
BOXED = (
    r"Please reason step by step, and put your final answer within \\boxed{}."  # inside a string of Jinja's
)


@dataclass(frozen=True)
class Family:
    """What the models of a family share. `ends` are the generation config's, the first one the tokenizer's.

    `tags` are `<think>` and its like where they are tokens; `system` is what the template says instead of Qwen's line.
    """

    kind: str
    template: str
    special: tuple[str, ...]
    ends: tuple[str, ...]
    pad: str
    positions: int
    theta: float
    bos: str | None = None
    tags: tuple[str, ...] = ()
    system: str = QWEN


# The first whose pattern is found in a hub id. Sources: the published config.json, tokenizer_config.json and
# generation_config.json of each.
THINK = ("<think>", "</think>")
FAMILIES = {
    r"R1-Distill-Qwen": Family(
        "qwen2", "deepseek_r1_distill", DEEPSEEK, DEEPSEEK[1:2], DEEPSEEK[1], 131072, 1e4, DEEPSEEK[0], THINK
    ),
    r"R1-Distill-Llama": Family(
        "llama", "deepseek_r1_distill", DEEPSEEK, DEEPSEEK[1:2], DEEPSEEK[1], 131072, 5e5, DEEPSEEK[0], THINK
    ),
    r"Qwen3": Family("qwen3", "qwen3", CHATML, (CHATML[2], CHATML[0]), CHATML[0], 40960, 1e6, tags=THINK),
    r"Qwen2\.5-Math-[\d.]+B-Instruct": Family(
        "qwen2", "qwen2_5", CHATML, (CHATML[2], CHATML[0]), CHATML[0], 4096, 1e4, system=BOXED
    ),
    r"Qwen2\.5-Math": Family("qwen2", "qwen2_5", CHATML, CHATML[:1], CHATML[0], 4096, 1e4, system=BOXED),
    r"Qwen2\.5-.*Instruct|s1-|s1\.1-|OlympicCoder": Family(
        "qwen2", "qwen2_5", CHATML, (CHATML[2], CHATML[0]), CHATML[0], 32768, 1e6
    ),
    r"Qwen2\.5": Family("qwen2", "qwen2_5", CHATML, CHATML[:1], CHATML[0], 131072, 1e6),
    r"SmolLM2-.*Instruct": Family(
        "llama", "qwen2_5", CHATML, CHATML[2:], CHATML[2], 8192, 1e5, CHATML[1], system=SMOL
    ),
    r"Llama-3.*Instruct": Family(
        "llama", "llama3", LLAMA, (LLAMA[4], LLAMA[1]), LLAMA[1], 131072, 5e5, LLAMA[0]
    ),
}


def hub_answers(seconds: float = 3.0) -> bool:
    """Whether the hub can be reached from here, and may be."""
    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        return False
    try:
        socket.create_connection(HUB, timeout=seconds).close()
    except OSError:
        return False
    return True


def make(model: str, folder: Path) -> None:
    """Write a tiny random model like `model`, a folder or a hub id, into `folder`; the same one every time.

    Raises InputError on a hub id that can neither be read nor is of a known family.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer, config, ends = _published(model) or _of_family(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tiny: Any = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    _end_soon(tiny, ends[0])
    tiny.generation_config.eos_token_id = ends
    tiny.generation_config.pad_token_id = tokenizer.pad_token_id
    tiny.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _end_soon(model: Any, end: int) -> None:
    """Make every token end a reply with about the same chance, so that replies are whole, and of many lengths."""
    import torch

    with torch.no_grad():
        model.get_input_embeddings().weight[:, 0] = 1.0  # a direction that all hidden states share
        output_weights = model.get_output_embeddings().weight
        hidden = model.base_model(torch.arange(64)[None]).last_hidden_state[0]
        shared = hidden.mean(0)
        logits = hidden @ output_weights.T
        shortfall = logits.logsumexp(-1) - logits[:, end] + math.log(ENDS / (1 - ENDS))
        output_weights[end] += shared * shortfall.median() / (hidden @ shared).median()


def _published(model: str) -> tuple[Any, Any, list[int]] | None:
    """Tokenizer, small config and ends of a model that can be read; None where it cannot."""
    from transformers import AutoConfig, GenerationConfig

    try:
        tokenizer, config = open_tokenizer(model), AutoConfig.from_pretrained(model, trust_remote_code=False)
    except (OSError, InputError):
        if Path(model).is_dir():
            raise
        return None
    try:
        ends = GenerationConfig.from_pretrained(model).eos_token_id
    except OSError:
        ends = None
    small_values = {key: value for key, value in SHAPE.items() if hasattr(config, key)}
    content = {key: value for key, value in config.to_dict().items() if key != "layer_types"}
    small = type(config)(**{**content, **small_values, "vocab_size": len(tokenizer)})
    ends = ends if isinstance(ends, list) else [ends]
    return tokenizer, small, [end for end in ends if end is not None] or [tokenizer.eos_token_id]


def _of_family(model: str) -> tuple[Any, Any, list[int]]:
    from transformers import AutoConfig

    family = next((known for pattern, known in FAMILIES.items() if re.search(pattern, model)), None)
    if family is None:
        raise InputError(
            model,
            f"neither the hub nor a cache has its config and tokenizer, and its family is not among {', '.join(FAMILIES)}",
            "give a folder, or go online once",
        )
    tokenizer = _tokenizer(family)
    ids = tokenizer.convert_tokens_to_ids
    config = AutoConfig.for_model(
        family.kind,
        **SHAPE,
        vocab_size=len(tokenizer),
        max_position_embeddings=family.positions,
        rope_parameters={"rope_type": "default", "rope_theta": family.theta},
        tie_word_embeddings=False,
        bos_token_id=ids(family.bos) if family.bos else None,
        eos_token_id=ids(family.ends[0]),
        pad_token_id=ids(family.pad),
    )
    return tokenizer, config, [ids(end) for end in family.ends]


def _tokenizer(family: Family) -> Any:
    """Qwen's class, or, as DeepSeek and Llama publish theirs, the general one, which begins every text by `bos`."""
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast, Qwen2Tokenizer

    learned = Qwen2Tokenizer().train_new_from_iterator(_texts(), VOCABULARY, show_progress=False)
    named = {"eos_token": family.ends[0], "pad_token": family.pad}
    if family.bos:
        learned = PreTrainedTokenizerFast(
            tokenizer_object=learned.backend_tokenizer, bos_token=family.bos, **named
        )
    learned.add_special_tokens({**named, "additional_special_tokens": list(family.special)})
    learned.add_tokens(list(family.tags))
    if family.bos:
        learned.backend_tokenizer.post_processor = TemplateProcessing(
            single=f"{family.bos} $A",
            special_tokens=[(family.bos, learned.convert_tokens_to_ids(family.bos))],
        )
    template = importlib.resources.files("trl") / "chat_templates" / f"{family.template}.jinja"
    learned.chat_template = template.read_text("utf-8").replace(QWEN, family.system)
    return learned


def _texts() -> Iterator[str]:
    for row in BUILDERS["micro.traces"](rows=300, seed=0):
        yield f"{row.question}\n{row.response}"
