"""A recipe: one YAML file for a whole ablation, read strictly, every default written out.

`load` reads the file (and the one parent that `extends:` names) into a `Recipe`; an unknown key, a value of
the wrong kind or a key given twice is an InputError that names file, dotted key and fix. What a key refers to
(sets, stages, files, builders, TRL's arguments) is looked up in `checks`.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ...eval.io.errors import InputError
from ...eval.sample.settings import UNSAID, Sampling, Server
from ...eval.sample.vllm_arguments import VllmArguments
from ...train.limits import ROLLING_OUT
from .factors import expand
from .files import recipe_file
from .sets import DataSet, Name
from .shares import with_rest
from .slurm import Slurm
from .strict import Count, Strict
from .yaml_file import read_yaml, write_yaml

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"  # of a recipe, and so of its run folder
Share = Annotated[float, Field(ge=0, le=1)]
Margin = Annotated[float, Field(gt=0, lt=1)]


CROSSING = ("factors", "cells")
MOST_SEEDS = 100  # each is an ablation; more is a slip, and its plan would take minutes


class Evaluation(Strict, Sampling):
    """One set, asked of every arm; `plain`: without its constraints too. `checkpoints`: which of those that a stage saves on
    its way, in the first mode. `attention`: measure how much the constraints get (docs/attention.md). `prompt_states`: keep what the
    model makes of each prompt, for a classifier of who should think. `examples`: the set that few-shot modes show; `replies_of`: the arm or model whose replies `reflect_other` shows."""

    modes: Annotated[list[str], Field(min_length=1)] = ["think"]
    bins: Count = 6
    plain: bool = True
    checkpoints: Literal["all", "last"] | list[Count] = "all"
    attention: bool = False
    prompt_states: bool = False
    examples: Name | None = None
    replies_of: Name | None = None


class Stage(Strict):
    """One training run: `rows` rows drawn from `data` by shares that add to 1, and `add`ed rows beside them.

    One share may be `rest`, what the others leave. `args` are TRL's own, `lora` (absent: all weights are trained) are peft's. A
    `pretrain` stage starts from weights drawn anew in the base's architecture, with other values at the keys of its config
    that `architecture` names. A `distill` stage draws its own completions to the prompts of its rows and learns from what the
    `teacher` would have said there: an arm's last checkpoint, or `base`. An `interpolate` stage has `share` alone: so much
    of each weight is the one before it in the arm, the rest the base's. A stage without `rows` takes all that its sets can
    give at these shares.
    """

    trainer: Literal["sft", "grpo", "pretrain", "distill", "interpolate"]
    data: dict[Name, Share] = {}
    add: dict[Name, Annotated[float, Field(gt=0)]] = {}
    rows: Count | None = None
    rewards: dict[str, float] = {}
    args: dict[str, Any] = {}
    lora: dict[str, Any] | None = None
    architecture: dict[str, Any] | None = None
    teacher: Name | None = None
    share: Share | None = None

    @property
    def trains(self) -> bool:
        """Whether it trains at all, on rows; one that does not makes its weights of others."""
        return self.trainer != "interpolate"

    @property
    def loading(self) -> dict[str, Any]:
        """With which keyword arguments its model is opened; a blank `model_init_kwargs` is none."""
        return self.args.get("model_init_kwargs") or {}

    @property
    def rolls_out(self) -> bool:
        """Whether it learns from completions that it draws itself, so that its rows need no response."""
        return self.trainer in ROLLING_OUT

    @field_validator("data", mode="before")
    @classmethod
    def _rest(cls, data: Any) -> Any:
        return with_rest(data) if isinstance(data, dict) else data


class Arm(Strict):
    """Stages applied to the base one after another, and what the arm is for; a bare list of stages will do.

    A control (`control_of`) is trained as its arms are, without what they are asked about; `mixed_of` names the arm
    that this one is with instruction-following data mixed in. One that `decides_for` another answers nothing: it says of each
    row whether that arm should think. An arm with none of these is what the ablation asks about.
    `factors` says which value of each factor it has; arms that come of the recipe's `factors` have it written for them.
    """

    stages: list[str]
    factors: dict[Name, str | int | float | bool] = {}
    control_of: list[Name] = []
    mixed_of: Name | None = None
    decides_for: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, content: Any) -> Any:
        if isinstance(content, list):
            return {"stages": content}
        if isinstance(content, dict) and isinstance(content.get("control_of"), str):
            return content | {"control_of": [content["control_of"]]}
        return content


def _project(given: str) -> str:
    if not re.fullmatch(r"([^/\\#?%:]{1,128}/)?[^/\\#?%:]{1,128}", given):
        raise ValueError(
            "W&B takes project or entity/project, without \\ # ? % : and of 128 characters at most"
        )
    return given


Project = Annotated[str, AfterValidator(_project)]


class Track(Strict):
    """Where a recipe that says `track` is logged: its runs are grouped under the recipe's name.

    `mode` is that of Weights & Biases, which shows evaluations and report too; trackio and tensorboard show stages.
    """

    project: Project = "reins"
    mode: Literal["offline", "online", "disabled"] = "offline"
    report_to: Literal["wandb", "trackio", "tensorboard"] = "wandb"


class ServedAt(Strict, Server):
    """Where models are served by OpenAI's protocol; `price` is that of a million tokens, for the cost."""


class Vllm(Strict, VllmArguments):
    """How engine `vllm` starts, by vLLM's own names."""


class Launch(Strict):
    """`processes` per stage under the accelerate file, `threads` each; so many stages run `side_by_side`.

    Other tasks are one process, so as many of them run at once as those stages have processes. `gpu` names the card that memory is estimated for, `engine` what evaluation generates with.
    With engine `openai` the recipe's `models` are names at the `server`, or at one of their own among `servers`.
    """

    accelerate: str = "recipes/accelerate/cpu.yaml"
    processes: Count = 1
    side_by_side: Count = 1
    threads: Count = 1
    gpu: str | None = None
    engine: Literal["transformers", "vllm", "openai"] = "transformers"
    server: ServedAt | None = None
    servers: dict[Name, ServedAt] = {}
    vllm: Vllm = Vllm()
    slurm: Slurm = Slurm()

    @property
    def slots(self) -> int:
        """How many processes run at once."""
        return self.side_by_side * self.processes

    def server_of(self, model: str) -> Server | None:
        """Where one of the recipe's `models` is served; None with an engine that loads it here."""
        return self.servers.get(model, self.server) if self.engine == "openai" else None

    @property
    def asking(self) -> int:
        """How many of them a task takes that asks a model: the cards that it is spread over."""
        return self.vllm.tensor_parallel_size * self.engines if self.engine == "vllm" else 1

    @property
    def engines(self) -> int:
        """How many processes share the rows of such a task."""
        return self.vllm.data_parallel_size if self.engine == "vllm" else 1


class Recipe(Strict):
    """A whole ablation, or, without `arms` and `models`, data only. Arms that share a prefix share its checkpoint.

    The arm without stages is the base, which every other arm is compared with.

    `models` are arms that are evaluated as they are: a name and a folder or hub id, or a server's name for it. `against` says, for an arm or a
    model, which other one it is contrasted with beside the base. A difference below `margin`, a share, counts as none: two arms
    can then be found equivalent. In a file, `factors` and `cells` stand for the arms that they come to (`factors.expand`).
    """

    name: Annotated[str, Field(pattern=NAME)]
    base: str = ""
    preset: Literal["reins", "mathif"] = "reins"
    seeds: Annotated[list[int], Field(min_length=1, max_length=MOST_SEEDS)] = [0]
    data: dict[Name, DataSet] = {}
    stages: dict[Name, Stage] = {}
    arms: dict[Name, Arm] = {}
    models: dict[Name, str] = {}
    against: dict[Name, Name] = {}
    evaluate: dict[str, Evaluation] = {}
    margin: Margin | None = None
    track: Track = Track(mode="disabled")
    launch: Launch = Launch()


def load(path: str | Path) -> Recipe:
    """The recipe of a YAML file, or one of the package's (`micro/ablation`); InputError names file, dotted key and fix."""
    path = recipe_file(path)
    content = read_yaml(path)
    if "extends" in content:
        parent = _parent(path, content.pop("extends"))
        inherited = read_yaml(parent)
        if "extends" in inherited:
            raise InputError(parent, f"extends: {path} extends this file already", "one level, no more")
        content = _merge(inherited, content)
    try:
        if "factors" in content or "cells" in content:
            Recipe.model_validate({key: value for key, value in content.items() if key not in CROSSING})
            content = expand(content)
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise _first(error).within(path) from None
    except InputError as error:
        raise error.within(path) from None


def _parent(path: Path, name: object) -> Path:
    """The file that a recipe extends: beside it, or found as any other."""
    if not isinstance(name, str):
        raise InputError(f"{path}: extends", f"got {name!r:.60}", "give the path of one recipe")
    try:
        return beside if (beside := path.parent / name).exists() else recipe_file(name)
    except InputError as error:
        raise error.within(f"{path}: extends") from None


def dump(recipe: Recipe) -> str:
    """A recipe as YAML with every default written out, which `load` reads as the same recipe."""
    return write_yaml(recipe.model_dump(mode="json"))


def _first(error: ValidationError) -> InputError:
    first = error.errors()[0]
    place = _place(first["loc"])
    where, kind = ".".join(place), first["type"]
    if kind == "unknown_key":
        return InputError(".".join([*place, first["ctx"]["key"]]), "unknown key", first["ctx"]["hint"])
    if kind == "missing":
        return InputError(where, "missing", "give it a value")
    if kind == UNSAID:
        return InputError(where, "is none", f"give {first['msg']}")
    if kind.startswith("union_tag"):
        return InputError(where, "no source", "give one of builder, file, hub")
    # Of what may be of several kinds, pydantic says what each of them would be.
    kinds = [other["msg"] for other in error.errors() if _place(other["loc"])[: len(place)] == place]
    said = re.sub(r" or instance of \w+", "", ", or: ".join(dict.fromkeys(kinds)))
    return InputError(where, f"got {first['input']!r:.60}", said[:1].lower() + said[1:])


def _place(loc: tuple[int | str, ...]) -> list[str]:
    """The keys to a value in the file, without the tags that pydantic puts in."""
    place = [str(part) for part in loc if not re.match(r"\[key\]|(?:literal|list)\[", str(part))]
    if place[:1] == ["data"] and len(place) > 2:
        del place[2]  # the kind of set
    return place


def _merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; anything else of the child's replaces the parent's."""
    merged = dict(parent)
    for key, value in child.items():
        both = isinstance(value, dict) and isinstance(parent.get(key), dict)
        merged[key] = _merge(parent[key], value) if both else value
    return merged
