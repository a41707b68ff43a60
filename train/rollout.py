"""Rollouts in which no completion waits for the longest one.

`generate` prefills a prompt once per completion and goes on with the whole batch until its last completion ends. Here
a prompt is prefilled once, and completions that have ended leave the batch: measured on the micro base (128
completions, mean length 40, at most 200 tokens, one thread), 1.0 s of processor time instead of 4.5 s.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from trl import DistillationConfig, GRPOConfig

SLICE = 16  # completions of like length that go through the model together when they are scored
KEEP = 0.9  # the batch is cut down when fewer of its rows than this are alive; that copies the cache


def is_plain(args: GRPOConfig | DistillationConfig) -> bool:
    """Whether completions are drawn from the model's own distribution, by one process that holds the whole model."""
    whole = args.distributed_state.distributed_type.value in ("NO", "MULTI_CPU", "MULTI_GPU")
    other_engine = args.use_vllm or getattr(args, "use_transformers_continuous_batching", False)
    shaped = (args.top_p, args.top_k, args.min_p, args.repetition_penalty) != (1.0, 0, None, 1.0)
    return whole and not (other_engine or shaped or args.generation_kwargs or args.cache_implementation)


def rollout(prompts: list[Any], trainer: Any) -> dict[str, Any]:
    """TRL's `rollout_func`: one completion per prompt; a group's prompts come as equal ones."""
    ids = trainer.processing_class.apply_chat_template(
        prompts, add_generation_prompt=True, tokenize=True, return_dict=True, **trainer.chat_template_kwargs
    )["input_ids"]
    return {"prompt_ids": ids, "completion_ids": completions(trainer, ids), "logprobs": None}


def completions(trainer: Any, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    """One completion's token ids per prompt, drawn from the model that a trainer of TRL's trains, by its settings."""
    trainer.model.eval()
    with trainer.accelerator.autocast():  # around all steps: the weights are cast once, not for each token
        drawn = sample(
            trainer.model,
            prompts,
            stops=trainer.eos_token_ids,
            pad=trainer.processing_class.pad_token_id,
            max_new_tokens=trainer.max_completion_length,
            temperature=trainer.temperature,
        )
    trainer.model.train()
    return drawn


@torch.no_grad()
def sample(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    stops: Sequence[int],
    pad: int,
    max_new_tokens: int,
    temperature: float,
) -> list[list[int]]:
    """One completion's token ids per prompt, the stop token included, drawn with torch's global generator."""
    cache, logits, mask = _prefill(model, prompts, pad)
    rows = torch.arange(len(prompts), device=model.device)
    drawn = torch.full((len(prompts), max_new_tokens), pad, device=model.device)
    lengths = torch.full((len(prompts),), max_new_tokens, device=model.device)
    ends = torch.tensor(stops, device=model.device)
    for step in range(max_new_tokens):
        tokens = torch.multinomial((logits.float() / temperature).softmax(-1), 1)[:, 0]
        drawn[rows, step] = tokens
        ended = torch.isin(tokens, ends) & (lengths[rows] == max_new_tokens)
        lengths[rows[ended]] = step + 1
        alive = (lengths[rows] == max_new_tokens).nonzero()[:, 0]
        if not len(alive) or step + 1 == max_new_tokens:
            break
        if len(alive) < KEEP * len(rows):
            rows, tokens, mask = rows[alive], tokens[alive], mask[alive]
            cache.batch_select_indices(alive)
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        logits = _forward(model, tokens[:, None], mask, cache)
    return [row[:length].tolist() for row, length in zip(drawn, lengths.tolist(), strict=True)]


def _prefill(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], pad: int
) -> tuple[DynamicCache, Tensor, Tensor]:
    """Cache, logits [prompts, vocabulary] and mask [prompts, width], each different prompt read once."""
    different = {tuple(prompt): place for place, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
    width = max(map(len, different))
    ids = torch.tensor(
        [[pad] * (width - len(prompt)) + list(prompt) for prompt in different], device=model.device
    )
    mask = torch.tensor(
        [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in different], device=model.device
    )
    cache = DynamicCache(config=model.config)
    logits = _forward(model, ids, mask, cache)
    places = torch.tensor([different[tuple(prompt)] for prompt in prompts], device=model.device)
    cache.batch_select_indices(places)
    return cache, logits[places], mask[places]


def _forward(model: PreTrainedModel, ids: Tensor, mask: Tensor, cache: DynamicCache) -> Tensor:
    """Logits [rows, vocabulary] of the last position."""
    positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    return model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits[:, -1]
