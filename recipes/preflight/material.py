"""What the checks look at, each thing opened once: the plan, the tokenizer, some rows of every set."""

import copy
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ...data_builders import BUILDERS
from ...data_builders.mixture import counts
from ...eval.io.errors import InputError
from ...eval.io.lines import read_text
from ...eval.io.run_paths import RunPaths
from ...eval.io.templates import asked
from ...eval.io.tokenizers import open_tokenizer
from ...eval.verify.rows import Row, iter_rows, read_rows
from ..plan.estimate import DEFAULTS, mixed, row_tokens, steps, tokens
from ..plan.estimate import from_hub as needs_hub
from ..plan.plan import plan
from ..plan.task import Task
from ..recipe.architecture import drawn_model
from ..recipe.files import locate
from ..recipe.models import file_of
from ..recipe.resolve import references
from ..recipe.schema import Recipe, Stage
from ..recipe.sets import BuiltSet, FileSet, HubSet, is_reference
from .cards import CARDS
from .shapes import Shape, shape_of, sizes_of

LOOKED = 400  # rows of a set
HUB = "not looked at: needs the hub"
MADE = "not looked at: made in the run"


class Questions(NamedTuple):
    """Rows that ask what a set asks, and whether they are all of them."""

    rows: Iterable[Row]
    whole: bool


class Material:
    """A checked recipe, the run folder it would have, and what can be had of both without the hub."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        here = {name: model for name, model in recipe.models.items() if not recipe.launch.server_of(name)}
        self.shapes = {name: _shape(model, f"models.{name}") for name, model in here.items()}
        if recipe.base:
            self.shapes["base"] = _shape(recipe.base, "base")
        self.shape = self.shapes.get("base")
        self._drawn = _drawn_shapes(recipe) if self.shape else {}
        self.shapes |= {f"arms from {name}": shape for name, shape in self._drawn.items()}
        self.tokenizer = _tokenizer(recipe.base)
        self.card = CARDS.get(recipe.launch.gpu or "")
        used = dict.fromkeys(stage for arm in recipe.arms.values() for stage in arm.stages)
        self.stages = {name: recipe.stages[name] for name in used if recipe.stages[name].trains}
        self.rows = cache(self._rows)
        self.alike = cache(self._alike)
        self.row_tokens = cache(self._row_tokens)
        self._refuse_templates()

    def _refuse_templates(self) -> None:
        """Raise InputError on a template that cannot be used: each check would say so again."""
        used = {"base": self.tokenizer} | {
            f"stages.{name}.args.chat_template_path": self.tokenizer_of(stage)
            for name, stage in self.stages.items()
            if stage.args.get("chat_template_path")
        }
        for where, tokenizer in used.items():
            try:
                if tokenizer:
                    prompt_of(tokenizer, "")
            except InputError as error:
                raise error.within(where) from None

    def shape_after(self, stages: Sequence[str]) -> Shape | None:
        """The shape of what these stages train: the base's, or that in which the first draws its weights anew."""
        return self._drawn.get(stages[0], self.shape) if stages else self.shape

    def shapes_in(self, name: str) -> list[Shape]:
        """The shapes of what a stage trains, in all arms that it is part of."""
        arms = [arm.stages for arm in self.recipe.arms.values() if name in arm.stages]
        return [shape for stages in arms if (shape := self.shape_after(stages))]

    def largest_in(self, name: str) -> Shape | None:
        """The largest of them, by parameters."""
        return max(self.shapes_in(name), key=lambda shape: shape.parameters, default=self.shape)

    def teacher_of(self, stage: Stage) -> Shape | None:
        """The shape of the model that a `distill` stage learns from."""
        arm = self.recipe.arms.get(stage.teacher or "")
        return self.shape_after(arm.stages if arm else [])

    @property
    def positions(self) -> int:
        """How far every model of an arm attends."""
        assert self.shape is not None
        return min(shape.positions for shape in (self.shape, *self._drawn.values()))

    @cached_property
    def tasks(self) -> dict[str, Task]:
        return plan(self.recipe, self.folder) if self.recipe.arms or self.recipe.models else {}

    def tokenizer_of(self, stage: Stage) -> Any:
        """With the template and the end token that the stage may set."""
        template, end = stage.args.get("chat_template_path"), stage.args.get("eos_token")
        tokenizer = copy.copy(self.tokenizer) if template or end else self.tokenizer
        if template and tokenizer:
            tokenizer.chat_template = read_text(locate(template))
        if end and tokenizer:
            tokenizer.eos_token = end
        return tokenizer

    def args(self, stage: Stage) -> dict[str, Any]:
        """TRL's arguments with its defaults where the checks need them."""
        return DEFAULTS | {"gradient_checkpointing": True, "beta": 0.0, "use_vllm": False} | stage.args

    def steps(self, stage: Stage) -> int:
        mean = self.row_tokens(_key(stage)) if stage.trains else None
        return steps(stage, self.recipe.launch.processes, mean)

    def tokens(self, stage: Stage) -> tuple[int, str]:
        return tokens(stage, self.recipe.launch.processes, self.row_tokens(_key(stage)))

    def taken(self, stage: Stage) -> dict[str, int]:
        """Rows that a stage takes of each set."""
        rows = stage.rows or 0
        wanted = counts(stage.data, rows) | {name: round(share * rows) for name, share in stage.add.items()}
        return {name: count for name, count in wanted.items() if count}

    def questions(self, name: str) -> list[Row] | None:
        """Rows that ask what the set asks: its own, or those of the set whose answers it holds."""
        parent = self._asked_again(name)
        return self.rows(name) or (self.questions(parent) if parent else None)

    def all_questions(self, name: str) -> Questions | None:
        """The same of all rows where they are at hand, in a file or built; of a set still to be built the first of them."""
        dataset, built = self.recipe.data[name], RunPaths(self.folder).rows(name)
        if built.exists():
            return Questions(iter_rows(built), True)
        if isinstance(dataset, FileSet):
            return Questions(islice(iter_rows(dataset.file), dataset.rows), True)
        if rows := self.rows(name):
            return Questions(rows, len(rows) == dataset.rows)
        parent = self._asked_again(name)
        return self.all_questions(parent) if parent else None

    def _asked_again(self, name: str) -> str | None:
        """The set whose questions this one has: the first that it is made from, and not only kept apart from."""
        dataset = self.recipe.data[name]
        apart = kept_apart_from(dataset) if isinstance(dataset, BuiltSet) else None
        return next((other for other in references(self.recipe, name) if other != apart), None)

    def why(self, *names: str) -> str:
        """Why no row of these sets can be looked at."""
        return MADE if any(references(self.recipe, name) for name in names) else HUB

    def _row_tokens(self, shares: frozenset[tuple[str, float]]) -> float | None:
        means = {name: row_tokens(self.recipe, name, self.folder) for name, _ in shares}
        return mixed(Stage(trainer="sft", data=dict(shares)), means)

    def _rows(self, name: str) -> list[Row] | None:
        """Some rows of a set; None where they come from the hub or from another set's answers."""
        dataset, built = self.recipe.data[name], RunPaths(self.folder).rows(name)
        if built.exists():
            return list(islice(iter_rows(built), LOOKED))
        if isinstance(dataset, FileSet):
            return read_rows(dataset.file)[:LOOKED]
        if isinstance(dataset, HubSet) or references(self.recipe, name) or needs_hub(dataset):
            return None
        assert isinstance(dataset, BuiltSet)
        return _drawn(dataset)

    def _alike(self, name: str) -> list[Row] | None:
        """The rows of a set, or rows like them where it is only kept apart from a set of the run: drawn without that."""
        dataset, rows = self.recipe.data[name], self.rows(name)
        if rows is not None or not isinstance(dataset, BuiltSet):
            return rows
        alone = BuiltSet(**dataset.model_dump(exclude={"against"}))
        apart = references(self.recipe, name) == [kept_apart_from(dataset)]
        return _drawn(alone) if apart and not needs_hub(alone) else None


def kept_apart_from(dataset: BuiltSet) -> str | None:
    """The set of the run whose problems are left out of this one."""
    against: Any = dataset.args.get("against")
    return str(against["set"]) if is_reference(against) else None


def _drawn(dataset: BuiltSet) -> list[Row]:
    return list(BUILDERS[dataset.builder](rows=min(LOOKED, dataset.rows), seed=dataset.seed, **dataset.args))


def _shape(model: str, key: str) -> Shape | None:
    try:
        return shape_of(model)
    except InputError as error:
        raise error.within(key) from None


def _drawn_shapes(recipe: Recipe) -> dict[str, Shape]:
    """By the stages that arms begin with, the shapes of the models that they draw in an architecture of their own."""
    first = dict.fromkeys(arm.stages[0] for arm in recipe.arms.values() if arm.stages)
    models = {name: drawn_model(recipe, [name]) for name in first}
    return {name: sizes_of(model) for name, model in models.items() if model is not None}


def _tokenizer(base: str) -> Any:
    """The base's, None where neither its folder nor the hub's cache has it."""
    file = file_of(base, "tokenizer.json") if base else None
    try:
        return open_tokenizer(file.parent) if file else None
    except InputError as error:
        raise error.within("base") from None


def _key(stage: Stage) -> frozenset[tuple[str, float]]:
    return frozenset((name, share) for name, share in {**stage.data, **stage.add}.items() if share)


def token_count(tokenizer: Any, text: str) -> int:
    """Tokens of a text, nothing added."""
    return len(tokenizer.encode(text, add_special_tokens=False))


def prompt_of(tokenizer: Any, turn: str) -> str:
    """A user's turn as the template renders it for the model to go on from."""
    return asked(tokenizer, [{"role": "user", "content": turn}])
