"""Rollouts in which no completion waits for the longest one.

`generate` prefills a prompt once per completion and goes on with the whole batch until its last completion ends. Here
a prompt is prefilled once, and completions that have ended leave the batch: measured on the micro base (128
completions, mean length 40, at most 200 tokens, one thread), 1.0 s of processor time instead of 4.5 s. On a GPU, where
starting a step takes longer than the step, it goes over slots as the evaluation's does, recorded.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from trl import DistillationConfig, GRPOConfig

from ..eval.sample.attention_function import backend_of
from ..eval.sample.layer_masks import other_layers
from ..eval.sample.recorded_step import HALF, Step
from ..eval.sample.slot_cache import SlotCache

SLICE = 16  # completions of like length that a CPU scores together: more are padded more, and leave caches


def is_plain(args: GRPOConfig | DistillationConfig) -> bool:
    """Whether completions are drawn from the model's own distribution, by one process that holds the whole model."""
    whole = args.distributed_state.distributed_type.value in ("NO", "MULTI_CPU", "MULTI_GPU")
    other_engine = args.use_vllm or getattr(args, "use_transformers_continuous_batching", False)
    shaped = (args.top_p, args.top_k, args.min_p, args.repetition_penalty) != (1.0, 0, None, 1.0)
    return whole and not (other_engine or shaped or args.generation_kwargs or args.cache_implementation)


def scored_together(device: torch.device, batch: int) -> int:
    """How many completions of like length go through the model together when they are scored; on a GPU the whole `batch`,
    since a pass takes long to start."""
    return SLICE if device.type == "cpu" else batch


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
    different = {tuple(prompt): place for place, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
    places = torch.tensor([different[tuple(prompt)] for prompt in prompts], device=model.device)
    batch = batch_of(model)(model, _padded(list(different), pad, model.device), places)
    logits = batch.logits
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
        if len(alive) < batch.full * len(rows):
            rows, tokens = rows[alive], tokens[alive]
            batch.keep(alive)
        logits = batch.feed(tokens)
    return [row[:length].tolist() for row, length in zip(drawn, lengths.tolist(), strict=True)]


def batch_of(model: PreTrainedModel) -> "type[GrowingBatch | SlotBatch]":
    """Slots on a GPU, where a mask can tell each layer what it sees: not with flash attention, nor in a layer with a state."""
    masked = backend_of(model) in ("sdpa", "eager") and not other_layers(model)
    return SlotBatch if model.device.type == "cuda" and masked else GrowingBatch


def _padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask [prompts, width], padded in front."""
    width = max(map(len, prompts))
    ids = [[pad] * (width - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


class GrowingBatch:
    """Completions over transformers' own cache, which grows by a column a step. `logits` are those behind the prompts."""

    full = 0.9  # the batch is cut down when fewer of its rows than this are alive; that copies the cache

    def __init__(self, model: PreTrainedModel, prompts: tuple[Tensor, Tensor], places: Tensor) -> None:
        self.model, self.cache = model, DynamicCache(config=model.config)
        self.logits = _forward(model, *prompts, self.cache)[places]
        self.cache.batch_select_indices(places)
        self.mask = prompts[1][places]

    def keep(self, alive: Tensor) -> None:
        self.mask = self.mask[alive]
        self.cache.batch_select_indices(alive)

    def feed(self, tokens: Tensor) -> Tensor:
        """Logits [rows, vocabulary] behind one more token of each row."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.mask), 1)], 1)
        return _forward(self.model, tokens[:, None], self.mask, self.cache)


class SlotBatch:
    """The same over slots of a fixed width, whose step can be recorded."""

    full = HALF

    def __init__(self, model: PreTrainedModel, prompts: tuple[Tensor, Tensor], places: Tensor) -> None:
        ids, mask = prompts
        prefix = DynamicCache()  # without the config, by which it drops what leaves a window
        self.logits = _forward(model, ids, mask, prefix)[places]
        lengths = mask.sum(1)[places]
        self.cache = SlotCache(model.config.get_text_config(), len(places), model.device)
        self.cache.put_all(prefix, places, ids.shape[1] - lengths)
        self.step, self.ends = Step(model, self.cache), lengths.tolist()

    def keep(self, alive: Tensor) -> None:
        rows = alive.tolist()
        self.cache.keep(rows)
        self.ends = [self.ends[row] for row in rows]

    def feed(self, tokens: Tensor) -> Tensor:
        """Logits [rows, vocabulary] behind one more token of each row."""
        self.cache.aim(self.ends)
        self.ends = [end + 1 for end in self.ends]
        return self.step(tokens)


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
