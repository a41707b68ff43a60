"""What TRL's trainers have in common here that learn from completions which they draw themselves, `grpo` and `distill`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import Sampler

from .loop import Counted


def stop_at_turn_end(args: Any, tokenizer: Any, given: Mapping[str, Any]) -> None:
    """Have vLLM stop at the template's end of a turn: it reads the model's own generation config, which may not know it."""
    if args.use_vllm:
        stops = {"stop_token_ids": [tokenizer.eos_token_id]}
        args.generation_kwargs = stops | dict(given.get("generation_kwargs") or {})


class EpochOrder(Sampler[int]):
    """TRL's sampler, shuffled by seed and epoch alone: it goes through its generator once an epoch, which a resumed
    process has not done for the epochs before."""

    def __init__(self, sampler: Any, epoch: Callable[[], int]) -> None:
        self.sampler, self.epoch = sampler, epoch

    def __iter__(self) -> Iterator[int]:
        if self.sampler.shuffle:
            self.sampler.generator.manual_seed(self.sampler.seed + self.epoch())
        yield from self.sampler

    def __len__(self) -> int:
        return len(self.sampler)


class RollingOut(Counted):
    """Mixed into TRL's trainers: counts completions as what is learned, and has a resumed stage see the prompts that it
    would have seen."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        learned = inputs["completion_mask"]
        self.count(learned, torch.cat([inputs["prompt_mask"], learned], dim=1))
        return super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]  # TRL's

    def _get_train_sampler(self, dataset: Dataset | None = None) -> Sampler[int]:
        order = super()._get_train_sampler(dataset)  # type: ignore[misc]
        return EpochOrder(order, lambda: int(self.state.epoch or 0))
