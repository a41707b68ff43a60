"""Steps, tokens and bytes of a stage before it runs, from TRL's arithmetic and a few of its rows."""

import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from ...data_builders import BUILDERS
from ...eval.io.errors import InputError
from ...eval.io.run_paths import RunPaths
from ...eval.verify import render
from ...eval.verify.decision import decision_turn
from ...eval.verify.rows import Row, iter_rows
from ...train.limits import MOST_STEPS
from ..recipe.models import file_of, is_hub_id
from ..recipe.resolve import references
from ..recipe.schema import Recipe, Stage
from ..recipe.sets import AnswersSet, BuiltSet, FileSet

SAMPLE = 128  # rows whose tokens are counted
MARKS = 12  # tokens of a template around a prompt and its response, about
ADAPTERS = 0.02  # of the parameters: about a rank of 64 on every linear layer of a 7B model
# What TRL 1.16 takes where a recipe says nothing; a test compares them with the installed TRL.
DEFAULTS = {
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "num_train_epochs": 3.0,
    "max_steps": -1,
    "max_length": 1024,
    "packing": False,
    "num_generations": 8,
    "max_completion_length": 512,
    "num_iterations": 1,
    "steps_per_generation": None,
    "generation_batch_size": None,
    "save_strategy": "steps",
    "save_steps": 500,
    "save_total_limit": None,
}


def added_rows(stage: Stage) -> int:
    """Rows that come on top of the stage's `rows`."""
    assert stage.rows is not None
    return sum(round(share * stage.rows) for share in stage.add.values())


def steps(stage: Stage, processes: int, row_tokens: float | None) -> int:
    """Optimizer steps as TRL counts them; a packed stage's need the mean tokens of a row (None: whole rows fill up)."""
    if not stage.trains:
        return 0
    args = DEFAULTS | stage.args
    if args["max_steps"] > 0:
        return args["max_steps"]
    rows = (stage.rows or 0) + added_rows(stage)
    batch = args["per_device_train_batch_size"] * processes
    if stage.rolls_out:
        together = generation_batch(args, processes)
        group = args["num_generations"] if stage.trainer == "grpo" else 1
        prompts = together // group
        batches = rows // prompts * prompts * group * args["num_iterations"] // batch
    else:
        if args["packing"]:
            rows = math.ceil(rows * min(row_tokens or math.inf, args["max_length"]) / args["max_length"])
        batches = math.ceil(rows / batch)
    updates = args["num_train_epochs"] * max(math.ceil(batches / args["gradient_accumulation_steps"]), 1)
    if updates > MOST_STEPS:
        raise InputError("num_train_epochs", f"{updates:.0e} optimizer steps", "ask for fewer epochs")
    return math.ceil(updates)


def update_size(args: Mapping[str, Any], processes: int) -> int:
    """Rows, or completions, of one update, over all processes."""
    return int(args["per_device_train_batch_size"] * args["gradient_accumulation_steps"] * processes)


def generation_batch(args: Mapping[str, Any], processes: int) -> int:
    """Completions that are drawn together, over all processes."""
    rounds = args["steps_per_generation"] or args["gradient_accumulation_steps"]
    return args["generation_batch_size"] or args["per_device_train_batch_size"] * processes * rounds


def checkpoints(stage: Stage, updates: int) -> int:
    """How many checkpoints a stage has on disk at most, the one being written included."""
    args = DEFAULTS | stage.args
    if args["save_strategy"] == "no":
        return 0
    most = math.ceil(updates / _every(args, updates))
    return min(most, (args["save_total_limit"] or most) + 1)


def saved(stage: Stage, updates: int) -> list[int]:
    """The steps whose checkpoints a stage leaves beside its last, final/."""
    args = DEFAULTS | stage.args
    if args["save_strategy"] == "no":
        return []
    return list(range(every := _every(args, updates), updates, every)[-(args["save_total_limit"] or 0) :])


def bytes_left(stage: Stage, parameters: int, updates: int) -> int:
    """Bytes on disk of a stage that is done: its last weights, and of each checkpoint before them weights and Adam's two
    moments of what is trained. All are float32, whatever the base is saved in, unless the stage opens it in less."""
    width = 2 if stage.loading.get("dtype") in ("bfloat16", "float16") else 4
    trained = ADAPTERS if stage.lora is not None else 1.0
    return round(width * parameters * (1 + (1 + 2 * trained) * checkpoints(stage, updates)))


def bytes_under(folder: Path) -> int:
    """Bytes of all files in a folder; 0 where there is none."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


def _every(args: dict[str, Any], updates: int) -> int:
    if args["save_strategy"] == "epoch":
        return math.ceil(min(updates / args["num_train_epochs"], updates))
    every: float = args["save_steps"]
    return math.ceil(every if every >= 1 else every * updates)


def tokens(stage: Stage, processes: int, row_tokens: float | None) -> tuple[int, str]:
    """Tokens trained on, and how they were come by: of rollouts they are completions at full length, an upper bound.

    SFT's are rows seen times the mean tokens of a few of their rows, or times `max_length`, an upper bound.
    """
    args = DEFAULTS | stage.args
    seen = steps(stage, processes, row_tokens) * args["per_device_train_batch_size"] * processes
    seen *= args["gradient_accumulation_steps"]
    if stage.rolls_out:
        return seen * args["max_completion_length"], "at most"
    if (args["packing"] or row_tokens is None) and args["max_length"]:
        return seen * args["max_length"], "at most"
    if row_tokens is None:
        return 0, "unknown"
    return round(seen * min(row_tokens, args["max_length"] or math.inf)), "about"


def row_tokens(recipe: Recipe, name: str, run: Path) -> float | None:
    """Mean tokens of prompt, constraints and response over some rows of a set.

    Of a set of answers that are not there yet, the questions and the most that an answer may have, or the words that ask
    whether to think. None where they cannot be had before the run: rows from the hub or made from other sets', a tokenizer on the hub.
    """
    dataset, built = recipe.data[name], RunPaths(run).rows(name)
    if isinstance(dataset, AnswersSet) and not built.exists():
        asked = row_tokens(recipe, dataset.of, run)
        beside = len(decision_turn("").split()) if dataset.compares else dataset.max_new_tokens
        return asked + beside if asked is not None else None
    file = file_of(recipe.base, "tokenizer.json")
    rows = _some_rows(recipe, name, run) if file else []
    texts = [f"{render(row, preset=recipe.preset)}\n{row.response or ''}" for row in rows]
    counted = (
        [len(coded.ids) for coded in Tokenizer.from_file(str(file)).encode_batch(texts)] if texts else []
    )
    return sum(counted) / len(counted) + MARKS if counted else None


def mixed(stage: Stage, means: Mapping[str, float | None]) -> float | None:
    """Mean tokens of a stage's rows from those of its sets; None where one is not known."""
    shares = {name: share for name, share in {**stage.data, **stage.add}.items() if share}
    known = [(share, mean) for name, share in shares.items() if (mean := means[name]) is not None]
    whole = len(known) == len(shares)
    return sum(share * mean for share, mean in known) / sum(shares.values()) if whole else None


def _some_rows(recipe: Recipe, name: str, run: Path) -> list[Row]:
    dataset, built = recipe.data[name], RunPaths(run).rows(name)
    if built.exists():
        return list(islice(iter_rows(built), SAMPLE))
    if isinstance(dataset, FileSet):
        return list(islice(iter_rows(dataset.file), SAMPLE))
    if isinstance(dataset, BuiltSet) and not references(recipe, name) and not from_hub(dataset):
        return list(
            BUILDERS[dataset.builder](rows=min(SAMPLE, dataset.rows), seed=dataset.seed, **dataset.args)
        )
    return []


def from_hub(dataset: BuiltSet) -> bool:
    """Whether a set's rows can only be had from the hub: its source, or problems it is kept apart from, are there."""
    named = [
        text for value in dataset.args.values() for text in (value if isinstance(value, list) else [value])
    ]
    on_hub = [isinstance(text, str) and is_hub_id(text.partition(":")[0]) for text in named]
    published = dataset.builder == "benchmark" and "source" not in dataset.args
    return (
        any(on_hub) or published or not all(Path(text).exists() for text in dataset.args.get("against") or [])
    )
