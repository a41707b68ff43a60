"""The processes that share one evaluation when `accelerate launch` starts several; otherwise just this one."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


class Processes:
    """This process among its fellows."""

    def __init__(self) -> None:
        self.index = int(os.environ.get("RANK", "0"))
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.first = self.index == 0
        if self.count > 1:
            import torch
            from accelerate import PartialState

            # Where there is no accelerator it must be told, or it joins nobody and waits for nobody. Who ends
            # first waits for the slowest, which may take hours.
            self.state = PartialState(cpu=not torch.accelerator.is_available(), timeout=timedelta(days=7))

    def share(self, work: Sequence[T]) -> Sequence[T]:
        """This process's part: every n-th piece."""
        return work[self.index :: self.count]

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.count > 1:
            self.state.wait_for_everyone()
