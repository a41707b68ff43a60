"""The order of TRL's sampler of prompts, drawn so that a resumed stage sees the prompts that it would have seen."""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import Sampler


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
