"""Guards: what stops a stage that is no longer worth its GPUs, and what warns.

All but the sentinel look at nothing but the log, which a checkpoint keeps: a resumed stage stops where it would have.
They change no weights.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..eval.io.errors import Stopped
from .checkpoints import last_whole

PATIENCE = 20  # logged steps in a row
LIMITS = {
    "completions/clipped_ratio": (0.5, "of the completions are cut; raise max_completion_length"),
    "zero_variance_groups": (0.9, "of the groups have equal rewards: they teach nothing; take other prompts"),
}
COLLAPSE = 0.1  # of the mean over the first steps
FIRST = 5
WATCHED = {"entropy": "entropy", "completions/mean_length": "length of completions"}
SENTINEL_EVERY = 50  # steps

Entry = Mapping[str, Any]
Sentinel = Callable[[TrainerState], str | None]


class Guards(TrainerCallback):
    """Stops a stage by raising `Stopped` in every process; `sentinel` says what is wrong with the rewards, if anything."""

    def __init__(self, out: Path, sentinel: Sentinel | None) -> None:
        self.out, self.sentinel = out, sentinel

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.sentinel and state.global_step % SENTINEL_EVERY == 0:
            self._stop(state, self.sentinel(state))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        control.should_log |= control.should_save  # nothing is saved unseen

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._stop(state, wrong(state.log_history, args.fp16))
        if state.is_world_process_zero:
            for warning in collapsed(state.log_history):
                print(f"warning: step {state.global_step}: {warning}", file=sys.stderr, flush=True)

    def _stop(self, state: TrainerState, reason: str | None) -> None:
        if reason:
            last = last_whole(self.out)
            raise Stopped(f"step {state.global_step}: {reason}; last good checkpoint: {last or 'none'}")


@contextmanager
def saving(what: str, out: Path) -> Iterator[None]:
    """Where a stage writes what it needs to go on: a disk that takes no more stops it."""
    try:
        yield
    except (
        OSError,
        RuntimeError,
        SafetensorError,
    ) as error:  # torch and safetensors have their own for a full disk
        reason, last = " ".join(str(error).split())[:200], last_whole(out)
        raise Stopped(
            f"{what} cannot be saved: {reason}; make room and start again; last good checkpoint: {last or 'none'}"
        ) from error


def wrong(log: Sequence[Entry], fp16: bool = False) -> str | None:
    """Why a stage with this log should not go on, or None.

    With float16 a gradient may overflow by design: the loss scale is lowered and the step left out.
    """
    for key in ("loss",) if fp16 else ("loss", "grad_norm"):
        if not math.isfinite(log[-1].get(key) or 0.0):
            return f"{key} is {log[-1][key]}"
    recent = log[-PATIENCE:]
    for key, (limit, what) in LIMITS.items():
        if len(recent) == PATIENCE and all((entry.get(key) or 0.0) > limit for entry in recent):
            return f"for {PATIENCE} logged steps more than {limit:.0%} {what}"
    return None


def collapsed(log: Sequence[Entry]) -> list[str]:
    """What RL has just let fall below a tenth of its mean over the first steps: once each time that it falls."""
    warnings = []
    for key, name in WATCHED.items() if len(log) > FIRST and "reward" in log[-1] else ():
        first = [entry.get(key) or 0.0 for entry in log[:FIRST]]
        before, now = (entry.get(key) or 0.0 for entry in log[-2:])
        floor = COLLAPSE * sum(first) / FIRST
        if now < floor <= before:
            warnings.append(
                f"{name} has collapsed to {now:.3g}, below {COLLAPSE:.0%} of what it was at first"
            )
    return warnings
