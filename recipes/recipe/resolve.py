"""What a recipe refers to must exist, and its numbers must add up: looked at before anything is built or trained."""

import importlib.util
import inspect
import shutil
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...data_builders import BUILDERS
from ...eval.io.errors import InputError, nearest
from ...eval.verify.published import refuse_patterns
from ...eval.verify.rows import read_rows
from .architecture import check_alike
from .files import locate
from .models import check_models
from .modes import check_answers_mode, check_attention, check_modes, check_prompt_states, check_shown
from .roles import check_compared, check_roles
from .schema import Recipe
from .set_rows import check_answers, check_benchmark
from .sets import OF_ANSWERS, AnswersSet, BuiltSet, DataSet, FileSet, HubSet, is_reference
from .stages import check_stage

SPARE = 1 << 27  # bytes, for all that is not a checkpoint


def check(recipe: Recipe, source: Path) -> Recipe:
    """The recipe with the `rows` of every file and stage written out; raises InputError with `source`, key and fix."""
    try:
        check_models(recipe)
        recipe = recipe.model_copy(update={"data": {name: _check_set(recipe, name) for name in recipe.data}})
        for name in recipe.data:
            check_answers(recipe, name)
        stages = {name: check_stage(recipe, name) for name in recipe.stages}
        _check_names(recipe)
    except InputError as error:
        raise error.within(source) from None
    return recipe.model_copy(update={"stages": stages})


def references(recipe: Recipe, name: str) -> list[str]:
    """The sets that this set is made from: `of`, and every builder argument of the form `{set: name}`."""
    dataset = recipe.data[name]
    if not isinstance(dataset, BuiltSet):
        return []
    of = [dataset.of] if isinstance(dataset, AnswersSet) else []
    return of + [value["set"] for value in dataset.args.values() if is_reference(value)]


def ancestors(recipe: Recipe, name: str) -> list[str]:
    """The sets that a set is made from, and those that they are; each is looked at once, however many refer to it.

    Raises InputError where one is not in the recipe.
    """
    reached: dict[str, None] = {}
    waiting = [name]
    while waiting:
        child = waiting.pop()
        for other in references(recipe, child):
            if other not in recipe.data:
                raise InputError(f"data.{child}", f"unknown set {other!r}", nearest(other, recipe.data))
            if other not in reached:
                reached[other] = None
                waiting.append(other)
    return list(reached)


def disk(run: Path, needed: int) -> None:
    """Raise InputError unless a run folder can be there, and the disk that it is on has room for so many bytes and some to spare."""
    if run.exists() and not run.is_dir():
        raise InputError(run, "a file, not a folder", "give another --out")
    existing = next(folder for folder in (run, *run.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < needed + SPARE:
        missing = f"{free >> 20} MiB free, the stages leave about {needed >> 20} MiB"
        raise InputError(run, f"no disk: {missing}", "free some, or give --out")


def _check_set(recipe: Recipe, name: str) -> DataSet:
    dataset, key = recipe.data[name], f"data.{name}"
    if isinstance(dataset, FileSet):
        return dataset.model_copy(update={"rows": _rows_in(dataset, key, recipe.preset)})
    if isinstance(dataset, HubSet):
        return dataset
    if dataset.builder not in BUILDERS:
        raise InputError(
            f"{key}.builder", f"unknown builder {dataset.builder!r}", nearest(dataset.builder, BUILDERS)
        )
    dataset = _with_preset(recipe, dataset)
    _check_arguments(dataset, key)
    check_benchmark(dataset, key)
    if isinstance(dataset, AnswersSet):
        check_answers_mode(dataset, key)
    if name in ancestors(recipe, name):
        raise InputError(key, "made from itself", "break the circle")
    return dataset


def _with_preset(recipe: Recipe, dataset: BuiltSet) -> BuiltSet:
    """The set with the recipe's preset, where its builder judges by one and the set says no other. That it is reins is left
    unsaid, as it is the builders' own default."""
    takes = "preset" in inspect.signature(BUILDERS[dataset.builder]).parameters
    if recipe.preset == "reins" or not takes or "preset" in dataset.args:
        return dataset
    return dataset.model_copy(update={"preset": recipe.preset})


def _rows_in(dataset: FileSet, key: str, preset: str) -> int:
    try:
        rows = len(read_rows(dataset.file))
        refuse_patterns(dataset.file, preset)
    except InputError as error:
        raise error.within(f"{key}.file") from None
    return min(rows, dataset.rows or rows)


def _check_arguments(dataset: BuiltSet, key: str) -> None:
    """The builder's own signature decides: names, what is needed, and types where they are written."""
    builder: Callable[..., Any] = BUILDERS[dataset.builder]
    engine = ["rows", "seed"] + [*OF_ANSWERS] * isinstance(dataset, AnswersSet)
    parameters = inspect.signature(builder).parameters
    hints = typing.get_type_hints(builder)
    arguments = {name: parameter for name, parameter in parameters.items() if name not in engine}
    for name, value in dataset.args.items():
        if name not in arguments:
            raise InputError(
                f"{key}.{name}", f"unknown argument of {dataset.builder}", nearest(name, arguments)
            )
        try:
            if not is_reference(value):
                TypeAdapter(hints.get(name, Any)).validate_python(value, strict=True)
        except ValidationError as error:
            raise InputError(
                f"{key}.{name}", f"got {value!r:.60}", error.errors()[0]["msg"].lower()
            ) from None
    for name, parameter in arguments.items():
        if parameter.default is parameter.empty and name not in dataset.args:
            hint = "; say `of`, the set that is answered" if name in OF_ANSWERS else ""
            raise InputError(f"{key}.{name}", "missing", f"{dataset.builder} needs it{hint}")


def _check_names(recipe: Recipe) -> None:
    _check_seeds(recipe.seeds)
    _check_tracker(recipe)
    for name in recipe.arms:
        _check_arm(recipe, name)
    for name in recipe.models:
        if name in recipe.arms or name == "base":
            raise InputError(f"models.{name}", "an arm has this name", "give the model another")
    known = [*recipe.arms, *recipe.models]
    for contrasted, other in recipe.against.items():
        key = f"against.{contrasted}"
        for name in (contrasted, other):
            if name not in known:
                raise InputError(key, f"{name!r} is neither arm nor model", nearest(name, known))
        if contrasted == other:
            raise InputError(key, f"{other!r} is itself", "name another arm or model")
    check_compared(recipe)
    for name in recipe.evaluate:
        if name not in recipe.data:
            raise InputError(f"evaluate.{name}", "unknown set", nearest(name, recipe.data))
        check_modes(recipe, name)
        check_attention(recipe, name)
        check_prompt_states(recipe, name)
    check_shown(recipe)
    if not locate(recipe.launch.accelerate).is_file():
        missing = f"{recipe.launch.accelerate} is no file"
        raise InputError("launch.accelerate", missing, "see recipes/accelerate/")
    if recipe.launch.asking > recipe.launch.slots:
        said = f"{recipe.launch.asking} cards, but {recipe.launch.slots} process(es) run at once"
        key = "data_parallel_size" if recipe.launch.engines > 1 else "tensor_parallel_size"
        raise InputError(f"launch.vllm.{key}", said, "raise launch.processes, or lower it")


def _check_tracker(recipe: Recipe) -> None:
    """What the recipe is logged by is there before a stage would miss it."""
    tracker = recipe.track.report_to
    if recipe.track.mode != "disabled" and importlib.util.find_spec(tracker) is None:
        raise InputError("track.report_to", f"{tracker} is not installed", f"pip install {tracker}")


def _check_seeds(seeds: list[int]) -> None:
    if len(set(seeds)) < len(seeds):
        raise InputError("seeds", f"{seeds} names a seed twice", "give each once")
    if wrong := [seed for seed in seeds if not 0 <= seed < 2**32]:  # numpy takes no others
        raise InputError("seeds", f"{wrong[0]} is none", "whole numbers from 0 to 4294967295 (2**32 - 1)")


def _check_arm(recipe: Recipe, name: str) -> None:
    stages = recipe.arms[name].stages
    for stage in stages:
        if stage not in recipe.stages:
            raise InputError(f"arms.{name}", f"unknown stage {stage!r}", nearest(stage, recipe.stages))
        if not recipe.stages[stage].trains and stage == stages[0]:
            raise InputError(
                f"arms.{name}", f"{stage!r} is between the base and itself", "put a stage before it"
            )
        if recipe.stages[stage].trainer == "pretrain" and stage != stages[0]:
            raise InputError(
                f"arms.{name}", f"{stage!r} starts from nothing, so it comes first", "mend the order"
            )
        if stages.count(stage) > 1:
            fix = "name each time a stage of its own"
            raise InputError(f"arms.{name}", f"{stage!r} is there twice", fix)
    check_alike(recipe, name)
    check_roles(recipe, name)
