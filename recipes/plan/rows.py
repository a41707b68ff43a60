"""The tasks that make rows and need no model: sets built, and those of a stage mixed."""

import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...data_builders import BUILDERS
from ...eval.io.files import sha256, sha256_of
from ...eval.io.run_paths import checkpoint_name
from ...eval.verify.decision import DIRECT
from ..recipe.schema import Stage
from ..recipe.sets import AnswersSet, BuiltSet, DataSet, FileSet, HubSet, is_reference
from .asking import deciding
from .estimate import added_rows
from .outcome import code
from .recipe_run import RecipeRun
from .task import Task


def build(run: RecipeRun, name: str, sources: Sequence[Task]) -> Task:
    """A set, built from its `sources`: other sets, and a model's answers."""
    dataset = run.recipe.data[name]
    content = dataset.model_dump(mode="json")
    decides = deciding(content) if isinstance(dataset, AnswersSet) else content
    spec: dict[str, Any] = {"set": decides, "files": _files(_open_ended(dataset))}
    if isinstance(dataset, BuiltSet):
        content = {"builder": dataset.builder, "rows": dataset.rows, "seed": dataset.seed}
        content["args"] = _args(run, name, dataset)
    return Task(
        kind="build",
        name=f"data {name}",
        folder=run.paths.set(name),
        module="reins.data_builders.build",
        config={"set": name, "recipe": str(run.paths.recipe), **content},
        spec={**spec, "code": code("set")},
        needs=tuple(task.name for task in sources),
        amount=dataset.rows or 0,
        note=f"{dataset.rows or 'all'} rows",
        env=run.env,
    )


def mix(run: RecipeRun, name: str, seed: int, sets: Mapping[str, Task]) -> Task:
    """The training rows of a stage at one seed, mixed from its built sets."""
    stage = run.recipe.stages[name]
    settings = {**_mixing(stage), "seed": seed, "preset": run.recipe.preset}
    count = (stage.rows or 0) + added_rows(stage)
    return Task(
        kind="mix",
        name=f"rows {checkpoint_name([name], seed)}",
        folder=run.paths.mixture(name, seed),
        module="reins.data_builders.mixture",
        config={**settings, "sets": {of: str(run.paths.rows(of)) for of in sets}},
        spec={**settings, "order": [*stage.data, *stage.add], "code": code("mixture")},
        needs=tuple(task.name for task in sets.values()),
        amount=count,
        note=f"{count} rows",
        stages=(name,),
        seed=seed,
        env=run.env,
    )


def _mixing(stage: Stage) -> dict[str, Any]:
    """How a stage's rows are drawn: what `mix` in data_builders takes."""
    shares = {name: share for name, share in stage.data.items() if share}
    columns = "grpo" if stage.rolls_out else "sft"
    return {"trainer": columns, "shares": shares, "add": stage.add, "rows": stage.rows}


def _args(run: RecipeRun, name: str, dataset: BuiltSet) -> dict[str, Any]:
    """The builder's arguments, with other sets as paths to their rows."""
    takes = typing.get_type_hints(BUILDERS[dataset.builder])
    args = {
        key: _taken(str(run.paths.rows(value["set"])), takes.get(key, Any)) if is_reference(value) else value
        for key, value in dataset.args.items()
    }
    if isinstance(dataset, AnswersSet):
        args |= _answers(run, name, dataset)
    return args


def _taken(file: str, kind: Any) -> str | list[str]:
    """A set's rows as an argument of this type takes them: alone, or in a list where it takes nothing else."""
    try:
        return TypeAdapter[str](kind).validate_python(file)
    except ValidationError:
        return [file]


def _answers(run: RecipeRun, name: str, dataset: AnswersSet) -> dict[str, str]:
    """The files of the base's answers that the builder takes."""
    asked = run.paths.answers(name, dataset.mode if dataset.compares else None)
    files = {
        "source_rows": run.paths.rows(dataset.of),
        "responses": asked / "responses.jsonl",
        "scores": asked / "scores.jsonl",
        "direct_scores": run.paths.answers(name, DIRECT) / "scores.jsonl",
    }
    return {key: str(files[key]) for key in dataset.taken}


def _open_ended(dataset: DataSet) -> list[Any]:
    """The values in a set that may name a file or folder: not those of a choice, as `split: train` beside a folder `train`."""
    if isinstance(dataset, FileSet):
        return [dataset.file]
    if isinstance(dataset, HubSet):
        return [dataset.hub]
    takes = typing.get_type_hints(BUILDERS[dataset.builder])
    return [value for key, value in dataset.args.items() if not _is_choice(takes.get(key))]


def _is_choice(kind: Any) -> bool:
    """Whether a type takes words of a list alone."""
    parts = [part for part in typing.get_args(kind) if part is not type(None)]
    return typing.get_origin(kind) is typing.Literal or (bool(parts) and all(map(_is_choice, parts)))


def _files(content: Any) -> dict[str, str]:
    """Hashes of the files and folders that a set's arguments name, so that changed contents are a changed set."""
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return {name: hashed for part in parts for name, hashed in _files(part).items()}
    try:
        if isinstance(content, str) and content and Path(content).is_dir():
            files = sorted(file for file in Path(content).iterdir() if file.is_file())
            return {content: sha256_of(files)}
        if isinstance(content, str) and Path(content).is_file():
            return {content: sha256(Path(content))}
    except (OSError, ValueError):
        pass  # too long for a path, or with a NUL in it: a text
    return {}
