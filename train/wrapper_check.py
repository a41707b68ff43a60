"""What the model really is once accelerate has prepared it, against what the launch file promises.

On a machine without a GPU an FSDP file starts processes that each believe they are alone, or becomes DDP without a
word (accelerate 1.15): so nobody is believed.
"""

from typing import Any

from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..eval.io.errors import InputError


def wrapper_of(model: Any) -> str:
    """`none`, `ddp`, `fsdp1`, `fsdp2` or, under DeepSpeed, `zero0` to `zero3`: what gradients really go through."""
    model = getattr(model, "_orig_mod", model)  # torch.compile's cover
    if isinstance(model, DistributedDataParallel):
        return "ddp"
    if isinstance(model, FullyShardedDataParallel):
        return "fsdp1"
    if isinstance(model, FSDPModule):
        return "fsdp2"
    if type(model).__module__.startswith("deepspeed."):
        return f"zero{model.zero_optimization_stage()}"
    return "none"


class Promised(TrainerCallback):
    """Refuses, before the first step, to train a model that is not wrapped as promised."""

    def __init__(self, trainer: Any, promised: str | None, config: str) -> None:
        self.trainer, self.promised, self.config = trainer, promised, config

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        wrapper = wrapper_of(self.trainer.model_wrapped)
        if self.promised not in (None, wrapper):
            raise InputError(
                self.config,
                f"wrapper: {self.promised}, but accelerate made it {wrapper}",
                "start the stage by accelerate launch with the launch file that it was written for",
            )
