"""What a stage leaves behind while it trains: log.jsonl, progress.json and whole checkpoints."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..eval.io.files import write_json, write_text
from ..eval.io.run_paths import PROGRESS
from .checkpoints import mark_whole
from .guards import saving
from .stage import Stage

LOG = "log.jsonl"


class Record(TrainerCallback):
    """Writes a stage's folder, from the main process.

    `counts` goes on counting; `opening` is the log's first line; `finish` makes a saved folder stand alone.
    """

    def __init__(
        self,
        stage: Stage,
        counts: dict[str, int],
        opening: dict[str, Any],
        finish: Callable[[Path], None],
    ) -> None:
        self.out, self.digest, self.counts, self.opening = stage.out, stage.digest(), counts, opening
        self.finish = finish
        self.started = time.time()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Begin the log again with what the checkpoint remembers, so that a resumed run's log has no step twice."""
        if state.is_world_process_zero:
            lines = [_line({"step": 0, **self.opening}), *map(_line, state.log_history)]
            write_text(self.out / LOG, "".join(lines))
            self._report(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        _save_no_last(state, control)
        if state.is_world_process_zero:
            self._report(state)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        _save_no_last(state, control)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            with open(self.out / LOG, "a", encoding="utf-8") as log:
                log.write(_line(state.log_history[-1]))

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        PartialState().wait_for_everyone()  # every process writes its own random state
        if state.is_world_process_zero:
            checkpoint = self.out / f"checkpoint-{state.global_step}"
            with saving(checkpoint.name, self.out):
                self.finish(checkpoint)
                mark_whole(checkpoint, self.digest, self.counts)

    def _report(self, state: TrainerState) -> None:
        write_json(
            self.out / PROGRESS,
            {"step": state.global_step, "steps": state.max_steps, "started": self.started},
        )


def _save_no_last(state: TrainerState, control: TrainerControl) -> None:
    """After the last step final/ is saved; transformers, resumed from a checkpoint there, trains one step too many."""
    if state.global_step >= state.max_steps:
        control.should_save = False


def _line(entry: dict[str, Any]) -> str:
    if "train_runtime" in entry:  # the summary of one process's life, which a resumed stage has several of
        return ""
    kept = {key: entry[key] for key in sorted(entry)}  # a checkpoint keeps no order
    return json.dumps({"step": kept.pop("step"), **kept}) + "\n"
