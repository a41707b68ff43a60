"""A stage's config, read strictly, and the command line of the trainers.

A stage's folder holds its config.yaml and, when it is done: checkpoint-*/, final/ (weights, tokenizer, template and
generation settings: all that `from_pretrained` needs), log.jsonl, and last of all done.json.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ..eval.io.command import of_config
from ..eval.io.errors import InputError, nearest
from ..eval.io.files import model_files, sha256_of
from .arguments import check_args
from .checkpoints import is_done
from .limits import Trainer
from .lora_arguments import check_lora


class Track(BaseModel):
    """Where the run is logged, and what it is called; `mode` is that of Weights & Biases."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    project: str
    mode: Literal["offline", "online", "disabled"] = "offline"
    report_to: Literal["wandb", "trackio", "tensorboard"] = "wandb"
    group: str | None = None
    job_type: str | None = None
    name: str | None = None
    tags: list[str] = []


class Stage(BaseModel):
    """One training run. `args` are TRL's, `lora` peft's (without it all weights are trained), `architecture` the keys of
    the model's config that `pretrain` replaces, `teacher` the model that `distill` learns from; `preset` is what the
    `rewards` judge by; `world_size` and `wrapper` are what the launch file promises; `inputs` is a hash of what went in,
    given back in done.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    trainer: Trainer
    model: str
    rows: Path
    out: Path
    rewards: dict[str, float] = {}
    preset: Literal["reins", "mathif"] = "reins"
    args: dict[str, Any] = {}
    lora: dict[str, Any] | None = None
    architecture: dict[str, Any] | None = None
    teacher: str | None = None
    world_size: int = 1
    wrapper: Literal["none", "ddp", "fsdp2", "zero2", "zero3"] | None = None
    threads: int = 1
    inputs: str = ""
    track: Track | None = None

    @property
    def template(self) -> Path | None:
        """The chat template that takes the place of the model's own."""
        path = self.args.get("chat_template_path")
        return Path(path) if path else None

    @cached_property
    def models(self) -> list[str]:
        """What the stage starts from and learns from, by content."""
        return [_content_of(name) for name in (self.model, self.teacher) if name]

    def digest(self) -> str:
        """sha256 of what decides the weights, paths left out: a folder may be moved.

        What `inputs` does not say, since the stage was written by hand, is read: model and teacher.
        """
        decides = self.model_dump(include={"trainer", "rewards", "args", "world_size", "threads", "inputs"})
        decides["args"] = {key: value for key, value in self.args.items() if key != "output_dir"}
        changes = {"lora": self.lora, "architecture": self.architecture}
        decides |= {key: value for key, value in changes.items() if value is not None}
        decides |= {"preset": self.preset} if self.preset != "reins" else {}
        decides |= {} if self.inputs else {"models": self.models}
        content = json.dumps(decides, sort_keys=True).encode() + self.rows.read_bytes()
        return hashlib.sha256(content + (self.template.read_bytes() if self.template else b"")).hexdigest()


def _content_of(model: str) -> str:
    """A hub id as it is; of a folder sha256 of the files that make a model, wherever it lies."""
    if not Path(model).is_dir():
        return model
    return sha256_of(model_files(Path(model)))


def read_stage(path: Path, trainer: str) -> Stage:
    """The stage of a config.yaml. Raises InputError naming file, key and fix."""
    try:
        stage = Stage.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        if stage.trainer != trainer:
            raise InputError("trainer", f"{stage.trainer}", f"run it by reins.train.{stage.trainer}")
        check_args(stage.trainer, stage.args, stage.world_size)
        check_lora(stage.trainer, stage.lora or {}, stage.args)
        if stage.lora is not None and stage.wrapper == "zero3":
            raise InputError(
                "lora", "not under zero3, whose parted weights no adapter is added to", "take zero2 or fsdp2"
            )
    except FileNotFoundError:
        raise InputError(path, "no such file", "name a stage's config.yaml") from None
    except yaml.YAMLError as error:
        raise InputError(path, f"no YAML: {' '.join(str(error).split())}", "mend it") from None
    except ValidationError as error:
        raise _first(error).within(path) from None
    except InputError as error:
        raise error.within(path) from None
    return stage


def _first(error: ValidationError) -> InputError:
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"])) or "config"
    if first["type"] == "extra_forbidden":
        return InputError(key, "unknown key", nearest(key, Stage.model_fields))
    return InputError(key, f"got {first['input']!r:.60}", first["msg"])


def start(trainer: str, train: Callable[[Stage], None], config: Path) -> None:
    """Train the stage of a config.yaml unless it is done. Raises InputError naming file and fix."""
    stage = read_stage(config, trainer)
    if not stage.rows.is_file():
        raise InputError(config, f"rows: {stage.rows} is no file", "name a file of rows")
    if stage.template and not stage.template.is_file():
        raise InputError(config, f"args.chat_template_path: {stage.template} is no file", "name a template")
    if is_done(stage.out, stage.digest()):
        print(f"{stage.out}: done before")
    else:
        train(stage)


def main(trainer: str, train: Callable[[Stage], None]) -> int:
    """`python -m reins.train.<trainer> --config FILE`; return the exit status."""
    return of_config(lambda config: start(trainer, train, config), f"reins.train.{trainer}", __doc__)
