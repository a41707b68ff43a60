"""The processes that share one evaluation when `accelerate launch` starts several; otherwise just this one."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import torch

from ..io.errors import InputError

VISIBLE = "CUDA_VISIBLE_DEVICES"
T = TypeVar("T")


class Processes:
    """This process among its fellows."""

    def __init__(self, *, on_cards: bool = True) -> None:
        """`on_cards`: each takes the card of its number; an engine that takes cards by itself leaves them alone here."""
        self.index = int(os.environ.get("RANK", "0"))
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.first = self.index == 0
        if self.count > 1:
            from accelerate import PartialState

            # Where there is no accelerator it must be told, or it joins nobody and waits for nobody. Who ends
            # first waits for the slowest, which may take hours.
            self.state = PartialState(
                cpu=not (on_cards and torch.accelerator.is_available()), timeout=timedelta(days=7)
            )

    def share(self, work: Sequence[T]) -> Sequence[T]:
        """This process's part: every n-th piece."""
        return work[self.index :: self.count]

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.count > 1:
            self.state.wait_for_everyone()


def take_cards() -> None:
    """Leave this process its share of the cards, for an engine that takes all that it sees; before anything asks for one.

    Raises InputError where several processes are more than there are cards; without any they run on the CPU.
    """
    processes, number = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    listed = os.environ.get(VISIBLE, "")
    cards = listed.split(",") if listed else [str(card) for card in range(torch.cuda.device_count())]
    if processes == 1 or not cards:
        return
    each = len(cards) // processes
    if not each:
        said = f"{processes} engines, {len(cards)} cards"
        raise InputError("launch.vllm.data_parallel_size", said, "no more engines than cards")
    os.environ[VISIBLE] = ",".join(cards[number * each : (number + 1) * each])
