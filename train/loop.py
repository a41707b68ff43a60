"""Trains a stage from where it was left, and leaves final/ and done.json."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers.integrations import WandbCallback

from ..eval.io.errors import InputError
from ..eval.io.files import write_json
from ..eval.io.run_paths import DONE
from ..eval.io.templates import PROMPT
from ..eval.io.whole import put_in_place
from .checkpoints import counts_of, grown, last_whole, remove_broken
from .guards import Guards, Sentinel, saving
from .logging import Record
from .lora import ADAPTER, check_adapted, merge
from .speed import Speed, size
from .stage import Stage
from .track import Tracked
from .wrapper_check import Promised


class Counted:
    """Mixed into TRL's trainers: counts the tokens learned from, which are kept with every checkpoint."""

    counts: dict[str, int]
    speed: Speed
    accelerator: Any
    is_fsdp_enabled: bool
    args: Any
    state: Any

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs |= self.speed.since(self.counts["train_tokens"])
        super().log(logs, start_time)  # type: ignore[misc]  # TRL's

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Of a checkpoint by LoRA its adapter: the weights beside it have it added already."""
        adapter = os.path.join(resume_from_checkpoint, ADAPTER)
        split = os.path.isdir(adapter) and not self.is_fsdp_enabled
        super()._load_from_checkpoint(adapter if split else resume_from_checkpoint, model)  # type: ignore[misc]

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with saving(f"checkpoint-{self.state.global_step}", Path(self.args.output_dir)):
            super()._save_checkpoint(model, trial)  # type: ignore[misc]

    def count(self, learned: torch.Tensor, read: torch.Tensor) -> None:
        """Add a batch's tokens, over all processes: both are masks."""
        both = self.accelerator.reduce(torch.stack([learned.sum(), read.sum()]), reduction="sum").tolist()
        self.counts["supervised_tokens"] += both[0]
        self.counts["train_tokens"] += both[1]


def run(
    trainer: Any,
    stage: Stage,
    opening: Mapping[str, int],
    prompt: Mapping[str, Any],
    sentinel: Sentinel | None = None,
) -> None:
    """Train with TRL's trainer, a `Counted` one. `opening` goes into log.jsonl's first line and done.json, `prompt`
    into the prompt.json of every checkpoint.

    Raises InputError when the disk has no room for what is to be saved or the model is not wrapped as promised, and
    Stopped when a guard stops it.
    """
    if stage.lora is not None:
        check_adapted(trainer.accelerator.unwrap_model(trainer.model))
    checkpoint = _last(stage)
    _check_disk(trainer, stage)
    _align(trainer)
    _go_on_counting(trainer, checkpoint)
    finish = partial(_finish, trainer=trainer, stage=stage, prompt=prompt)
    _watch(trainer, stage, Record(stage, trainer.counts, dict(opening), finish), Guards(stage.out, sentinel))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    _save_final(trainer, stage.out / "final", finish)
    if PartialState().is_main_process:
        done = {"inputs": stage.inputs, "output": grown(stage.inputs, stage.out / "final")}
        done |= {"stage": stage.digest(), "steps": trainer.state.global_step}
        write_json(stage.out / DONE, {**done, **trainer.counts, **opening})
    PartialState().wait_for_everyone()


def _go_on_counting(trainer: Any, checkpoint: Path | None) -> None:
    """Tokens, from where the checkpoint was."""
    trainer.counts = counts_of(checkpoint) if checkpoint else {"supervised_tokens": 0, "train_tokens": 0}
    tokens = trainer.counts["train_tokens"]
    trainer._total_train_tokens = tokens  # TRL's SFT logs it, but forgets it on resume
    trainer.speed = Speed(trainer.model, PartialState().num_processes, tokens)


def _watch(trainer: Any, stage: Stage, record: Record, guards: Guards) -> None:
    """Add our callbacks, in the order in which they are to be called, and W&B's in our own form."""
    trainer.remove_callback(WandbCallback)
    trainer.add_callback(Promised(trainer, stage.wrapper, f"{stage.out}/config.yaml"))
    if "wandb" in trainer.args.report_to:
        trainer.add_callback(Tracked(stage))
    for callback in (record, trainer.speed, guards):
        trainer.add_callback(callback)


def _finish(folder: Path, *, trainer: Any, stage: Stage, prompt: Mapping[str, Any]) -> None:
    """Make a saved folder stand alone, and leave out what is nobody's business: a pickle of this machine's paths."""
    (folder / "training_args.bin").unlink()
    write_json(folder / PROMPT, prompt)
    if stage.lora is not None:
        merge(folder, trainer, stage.model)


def _last(stage: Stage) -> Path | None:
    """The checkpoint to go on from, once what was cut off is out of the way."""
    state = PartialState()
    if state.is_main_process:
        for name, fault in remove_broken(stage.out).items():
            print(f"{stage.out}/{name}: {fault}, removed", file=sys.stderr)
    state.wait_for_everyone()
    checkpoint = last_whole(stage.out)
    if checkpoint and state.is_main_process:
        print(f"goes on from {checkpoint}", file=sys.stderr)
    return checkpoint


def _align(trainer: Any) -> None:
    """Let every checkpoint end where the tokenizer does: at the template's end of a turn, or as its base did."""
    tokenizer, settings = trainer.processing_class, trainer.model.generation_config
    ends = settings.eos_token_id if isinstance(settings.eos_token_id, list) else [settings.eos_token_id]
    settings.eos_token_id = list(
        dict.fromkeys([tokenizer.eos_token_id, *(end for end in ends if end is not None)])
    )
    settings.pad_token_id = tokenizer.pad_token_id


def _check_disk(trainer: Any, stage: Stage) -> None:
    """Room for final/ and the checkpoints kept: float32 weights, and two moments of what is trained with each."""
    parameters = list(trainer.model.parameters())
    weights = 4 * sum(map(size, parameters))
    trained = 4 * sum(size(weight) for weight in parameters if weight.requires_grad)
    kept = 0 if trainer.args.save_strategy == "no" else (trainer.args.save_total_limit or 2) + 1
    needed, free = (weights * (1 + kept) + 2 * trained * kept) >> 20, shutil.disk_usage(stage.out).free >> 20
    if free < needed:
        raise InputError(stage.out, f"checkpoints need {needed} MiB, the disk has {free} MiB", "make room")


def _save_final(trainer: Any, folder: Path, finish: Callable[[Path], None]) -> None:
    """final/ appears whole, from beside it. Every process takes part: weights may have to be gathered."""
    beside = folder.with_name("final.partial")
    with saving(folder.name, folder.parent):
        trainer.save_model(str(beside))
        if PartialState().is_main_process:
            finish(beside)
    if PartialState().is_main_process:
        put_in_place(beside, folder)
