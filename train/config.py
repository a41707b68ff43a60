"""What a stage needs before it trains, each refused with one line where it cannot be had."""

import os
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, PreTrainedConfig, PreTrainedTokenizerBase, TrainingArguments

from ..eval.io.errors import InputError, nearest
from ..eval.io.fields import shown
from ..eval.io.files import write_text
from ..eval.io.jsonl import read_jsonl
from ..eval.io.lines import read_text
from ..eval.io.templates import on_one_day, turn_end
from ..eval.io.tokenizers import open_tokenizer
from ..eval.io.wandb_names import NAME, TAG, entity_and_project, short
from ..eval.weights.check import check_weights
from ..eval.weights.tokens import refuse_unembedded, rows_of
from .arguments import OURS
from .stage import Stage, Track

Row = dict[str, Any]
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
MESSAGES = ("prompt", "completion")  # columns; TRL takes plain texts too, which have no turns to render
CPU = {"use_cpu": True, "bf16": False, "activation_checkpointing": False}  # TRL's own defaults are for GPUs


def configure(stage: Stage, config: type[TrainingArguments]) -> Any:
    """TRL's config for a stage, in the world it was promised; sets threads and W&B's variables.

    Raises InputError on values that TRL refuses, and when more or fewer processes were started.
    """
    torch.set_num_threads(stage.threads)
    # Its backward gives NaN on H100s and H200s under a mask at some lengths (pytorch/pytorch#196678)
    torch.backends.cuda.enable_cudnn_sdp(False)
    stage.out.mkdir(parents=True, exist_ok=True)
    tracked = stage.track if stage.track and stage.track.mode != "disabled" else None
    to = tracked.report_to if tracked else "none"
    with refusing(stage):
        theirs = {key: value for key, value in stage.args.items() if key not in OURS[stage.trainer]}
        args = config(**{**_defaults(), **theirs, **_tracking(stage, to), "output_dir": str(stage.out)})
    if args.world_size != stage.world_size:
        raise InputError(
            f"{stage.out}/config.yaml",
            f"world_size: {stage.world_size}, but {args.world_size} started",
            "give accelerate a file, and --num_processes, that start as many",
        )
    if tracked and to == "wandb":
        os.environ.update(_wandb(tracked, stage.out))
    return args


def _defaults() -> dict[str, Any]:
    """What a stage may set otherwise; without a terminal, no progress bars: in a log file they are noise."""
    bars = sys.stderr.isatty()
    if not bars:
        transformers.utils.logging.disable_progress_bar()
        datasets.disable_progress_bars()
    ours: dict[str, Any] = {
        "disable_tqdm": not bars,
        "ddp_find_unused_parameters": False,
        "logging_nan_inf_filter": False,  # it logs a mean in place of what is not finite
    }
    return ours if torch.accelerator.is_available() else ours | CPU


def _tracking(stage: Stage, to: str) -> dict[str, Any]:
    """Where TRL logs to, and under which names; a run is named as its stage everywhere."""
    if to == "none" or stage.track is None:
        return {"report_to": "none"}
    _, project = entity_and_project(stage.track.project)
    return {"report_to": to, "project": project, "run_name": short(stage.track.name or stage.out.name, NAME)}


@contextmanager
def refusing(stage: Stage) -> Iterator[None]:
    """Where TRL or peft is handed what the user wrote: a value that they refuse becomes one line."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        what = " ".join(str(error).split())
        raise InputError(
            f"{stage.out}/config.yaml", f"args: {what}", "mend the stage's args in the recipe"
        ) from error


def _wandb(track: Track, out: Path) -> dict[str, str]:
    """W&B's own variables; the run's id is kept in the stage's folder, so a resumed run goes on under it."""
    run_id = out / "wandb_id"
    if not run_id.exists():
        write_text(run_id, uuid.uuid4().hex[:8])
    entity, project = entity_and_project(track.project)
    named = {
        "RUN_GROUP": short(track.group or "", NAME),
        "JOB_TYPE": track.job_type,
        "NAME": short(track.name or "", NAME),
        "TAGS": ",".join(short(tag, TAG) for tag in track.tags),
        "ENTITY": entity,
    }
    where = {"PROJECT": project, "MODE": track.mode, "DIR": str(out), "RUN_ID": run_id.read_text()}
    where |= {"DATA_DIR": str(out / "wandb")}  # what an offline run has still to upload stays with it
    fixed = {"RESUME": "allow", "SILENT": "true", "CONSOLE": "off", "LOG_MODEL": "false"}
    fixed |= {"X_DISABLE_META": "true", "X_DISABLE_MACHINE_INFO": "true", "X_DISABLE_STATS": "true"}
    fixed |= {
        "DISABLE_GIT": "true",
        "DISABLE_CODE": "true",
    }  # host, user, command line, paths, remotes: nobody's business
    return {f"WANDB_{key}": value for key, value in {**named, **where, **fixed}.items() if value}


def load_rows(stage: Stage, *columns: str) -> list[Row]:
    """The rows to train on. Raises InputError when there are none, one lacks a column, or it holds no messages there."""
    rows = read_jsonl(stage.rows)
    if not rows:
        raise InputError(stage.rows, "no rows to train on", "build its sets again")
    for number, row in enumerate(rows, 1):
        for column in columns:
            if not row.get(column):
                raise InputError(
                    f"{stage.rows}:{number}",
                    f"no {column!r}, which {stage.trainer} trains on",
                    "give every row one",
                )
            if column in MESSAGES and not _are_messages(row[column]):
                raise InputError(
                    f"{stage.rows}:{number}",
                    f"{column!r} is {shown(row[column])}",
                    "give a list of messages, each of a role and its content",
                )
    return rows


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and each.keys() >= {"role", "content"} for each in value
    )


def load_tokenizer(stage: Stage) -> PreTrainedTokenizerBase:
    """The model's tokenizer, with the template that `args` may set; its end token is the one that closes a turn.

    What the base ended a text by becomes the padding where it has none. Raises InputError where the template or such a
    token is missing, and where the model's weights are quantised or not all there.
    """
    model = stage.model
    if not Path(model).is_dir() and not HUB_ID.fullmatch(model):
        raise InputError(
            f"{stage.out}/config.yaml", f"model: {model} is neither a folder nor a hub id", "name one"
        )
    if getattr(check_weights(model), "quantization_config", None):
        raise InputError(model, "its weights are quantised", "train from the model in bfloat16 or float32")
    tokenizer: PreTrainedTokenizerBase = open_tokenizer(model)
    if stage.template:
        tokenizer.chat_template = read_text(stage.template)
    if not tokenizer.chat_template:
        raise InputError(model, "no chat template", "put a chat_template.jinja beside the tokenizer")
    if isinstance(tokenizer.chat_template, str):
        tokenizer.chat_template = on_one_day(tokenizer.chat_template)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.eos_token = stage.args.get("eos_token") or turn_end(tokenizer)
    return tokenizer


def config_of(model: str, architecture: Mapping[str, Any]) -> PreTrainedConfig:
    """The config of a model's folder or hub id with other values at these keys.

    Raises InputError where it has no such key, and on values that do not fit each other.
    """
    config: PreTrainedConfig = AutoConfig.from_pretrained(model, trust_remote_code=False)
    known = config.to_dict()
    for key in architecture:
        if key not in known:
            raise InputError(f"architecture.{key}", f"{model} has no such key", nearest(key, known))
    try:
        return type(config).from_dict({**known, **_heads(known, architecture), **architecture})
    except (ValueError, TypeError, StrictDataclassError) as error:
        said = " ".join(str(error).split())
        raise InputError("architecture", f"{said:.200}", "numbers that fit each other") from None


def _heads(known: Mapping[str, Any], architecture: Mapping[str, Any]) -> dict[str, Any]:
    """What a config derives from the number of heads, where the change of them leaves it unsaid."""
    if "num_attention_heads" not in architecture and "hidden_size" not in architecture:
        return {}
    wanted = {**known, **architecture}
    every_head = known.get("num_key_value_heads") == known.get("num_attention_heads")
    derived = {"num_key_value_heads": wanted["num_attention_heads"]} if every_head else {}
    return derived | {"head_dim": wanted["hidden_size"] // wanted["num_attention_heads"]}


def check_ids(stage: Stage, tokenizer: PreTrainedTokenizerBase, texts: Iterable[Sequence[int]]) -> None:
    """Raise InputError where the rows, the padding or the end have a token that the model does not embed.

    A stage with an architecture of its own embeds as many as that says.
    """
    marks = [int(tokenizer.pad_token_id), int(tokenizer.eos_token_id)]
    ids = chain(marks, chain.from_iterable(texts))
    if not stage.architecture:
        config = AutoConfig.from_pretrained(stage.model, trust_remote_code=False)
        return refuse_unembedded(stage.model, tokenizer, rows_of(config), ids)
    try:
        refuse_unembedded("vocab_size", tokenizer, rows_of(config_of(stage.model, stage.architecture)), ids)
    except InputError as error:
        where = f"{stage.out}/config.yaml: architecture"
        raise InputError(f"{where}.{error.where}", error.what, f"{len(tokenizer)} or more") from None
