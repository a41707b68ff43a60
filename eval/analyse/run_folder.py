"""A run folder as arrays: its arms, their checkpoints along training, and the scored samples of each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml

from ..io.errors import InputError
from ..io.fields import COUNT, need
from ..io.lines import read_text
from ..io.run_paths import ANY_STEP, DONE, RunPaths, checkpoint_name, name_on_the_way, unconstrained
from ..io.strict_json import parse
from ..score.measure import RowSet, ScoredSamples
from ..score.scores import read_scores
from ..verify.decision import DECIDE
from ..verify.rows import read_rows
from .fields import ArmName, Seed
from .roles import Role, Roles
from .trained_types import TrainedTypes

NEEDED = ("name", "preset", "evaluate", "arms", "seeds")  # of a resolved recipe
SPENT = ("steps", "supervised_tokens", "rows", "cut_rows")  # of a finished stage

SetSamples = dict[tuple[str, str], list[ScoredSamples]]  # those of an arm's seeds, by (arm, mode)


@dataclass(frozen=True)
class Arm:
    """What was trained, and by how much: one entry an arm and seed; counts are sums over the arm's stages."""

    arm: ArmName
    seed: Seed
    stages: Annotated[tuple[str, ...], "the stages that it was trained by, in this order"]
    checkpoint: Annotated[str, "the folder of its evaluations, and of its last stage"]
    role: Annotated[
        Role,
        "what the recipe has it for: `base`, `treatment`, `control`, `mixed`, `classifier` (it only decides), or an untrained "
        "`model`",
    ]
    steps: Annotated[int, "updates"]
    supervised_tokens: Annotated[int, "tokens that the loss was taken over (SFT)"]
    rows: Annotated[int, "training rows"]
    cut_rows: Annotated[int, "those that max_length cut"]

    @property
    def name(self) -> str:
        return self.arm


class Point(NamedTuple):
    """A checkpoint on an arm's path: `step` counts within the last of `stages`, `total_step` from the base."""

    stages: tuple[str, ...]
    step: int
    total_step: int
    checkpoint: str


class RunFolder:
    """What a run holds so far: `arms` have at least one scored set, `unscored` names the others.

    `done`, where said, are the evaluations that count: a checkpoint's name, or `name@*` for those on the way to it.
    Raises InputError on a folder without recipe or scores, and on scores that do not cover their rows.
    """

    def __init__(self, folder: str | Path, done: Collection[str] | None = None) -> None:
        self.folder, self._evaluated = Path(folder), done
        self.paths = RunPaths(self.folder)
        self.recipe = _recipe(self.paths.recipe)
        self.name: str = self.recipe["name"]
        self.preset: str = self.recipe["preset"]
        self.evaluate: dict[str, dict[str, Any]] = self.recipe["evaluate"]
        self.roles = Roles.of(self.recipe)
        self.trained_types = TrainedTypes(self.recipe, self.paths)
        self.row_sets = {name: RowSet.of(read_rows(self.paths.rows(name))) for name in self.evaluate}
        self._scored: dict[Path, ScoredSamples] = {}  # several analyses ask for the same file
        declared = [
            (name, seed, stages, checkpoint_name(stages, seed))
            for name, stages in _stages(self.recipe).items()
            for seed in (self.recipe["seeds"] if stages else [None])
        ]
        declared += [(name, None, (), name) for name in self.recipe.get("models", {})]
        self.arms = [
            Arm(*declaration, self.roles.role[declaration[0]], *self._spent(*declaration[1:3]))
            for declaration in declared
            if self._is_scored(declaration[3])
        ]
        if not self.arms:
            raise InputError(self.paths.evaluations, "no scores", "run the recipe first")
        names = {arm.name for arm in self.arms}
        self.unscored = list(dict.fromkeys(name for name, *_ in declared if name not in names))

    def directory(self, checkpoint: str, label: str, mode: str) -> Path:
        """Where responses and scores are; the label is the set's name, or `<set>-plain` without constraints."""
        return self.paths.evaluation(checkpoint, label, mode)

    def scored(
        self, checkpoint: str, set_name: str, mode: str, *, plain: bool = False
    ) -> ScoredSamples | None:
        """The scores on a set, or (`plain`) on its rows asked without constraints; None where not scored."""
        label = unconstrained(set_name) if plain else set_name
        file = self.directory(checkpoint, label, mode) / "scores.jsonl"
        if file not in self._scored and file.exists():
            self._scored[file] = self._load(file, set_name)
        return self._scored.get(file)

    @property
    def answering(self) -> list[Arm]:
        """The arms that answer: a classifier only decides."""
        return [arm for arm in self.arms if arm.role != "classifier"]

    def modes(self, arm: Arm, set_name: str) -> list[str]:
        """The modes that an arm is asked a set in."""
        asked: list[str] = self.evaluate[set_name]["modes"]
        return asked if arm in self.answering else [DECIDE]

    def _asked(self, set_name: str) -> Iterator[tuple[str, str, ScoredSamples | None]]:
        """Arm, mode and scores of all that should answer a set, a seed at a time, mode by mode."""
        for mode in self.evaluate[set_name]["modes"]:
            for arm in self.answering if mode != DECIDE else ():
                yield arm.name, mode, self.scored(arm.checkpoint, set_name, mode)

    def samples(self, set_name: str) -> SetSamples:
        """The scores of each arm's seeds in each mode of a set, mode by mode; what is not scored is left out."""
        samples: SetSamples = {}
        for arm, mode, scored in self._asked(set_name):
            if scored:
                samples.setdefault((arm, mode), []).append(scored)
        return samples

    def unanswered(self, set_name: str) -> list[str]:
        """The arms and modes that a set has no scores of, of one seed or all, as `sft (think)`."""
        names = (f"{arm} ({mode})" for arm, mode, scored in self._asked(set_name) if not scored)
        return list(dict.fromkeys(names))

    def decisions(self, set_name: str) -> dict[str, list[ScoredSamples]]:
        """What each arm's seeds decided about the rows of a set, from their instructions alone."""
        decided: dict[str, list[ScoredSamples]] = {}
        for arm in self.arms:
            if DECIDE not in self.modes(arm, set_name):
                continue
            if scored := self.scored(arm.checkpoint, set_name, DECIDE):
                decided.setdefault(arm.name, []).append(scored)
        return decided

    def path(self, arm: Arm) -> Iterator[Point]:
        """The checkpoints of an arm from the base on: each stage's parent (its step 0), what it saved, its last."""
        before = 0
        for depth in range(1, len(arm.stages) + 1):
            stages = arm.stages[:depth]
            last = checkpoint_name(stages, arm.seed)
            steps = self._done(last)["steps"]
            yield Point(stages, 0, before, checkpoint_name(stages[:-1], arm.seed))
            counts = self._counts(name_on_the_way(last, ANY_STEP))
            for step in self.paths.steps_evaluated(last) if counts else ():
                if step < steps:
                    yield Point(stages, step, before + step, name_on_the_way(last, step))
            yield Point(stages, steps, before + steps, last)
            before += steps

    def _load(self, file: Path, set_name: str) -> ScoredSamples:
        scores, row_set = read_scores(file), self.row_sets[set_name]
        if not scores:
            raise InputError(file, "holds no scores", "generate and score the set again")
        scored = {score.row for score in scores}
        mismatch = f"{file}: not the rows of data/{set_name}/rows.jsonl"
        if missing := row_set.position.keys() - scored:
            raise InputError(
                mismatch, f"{len(missing)} without score, the first {min(missing)!r}", "score it again"
            )
        if alien := scored - row_set.position.keys():
            raise InputError(mismatch, f"{min(alien)!r} is not among them", "score it again")
        for score in scores:
            if len(score.verdicts) != (count := len(row_set.types[row_set.position[score.row]])):
                what = f"row {score.row!r} has {count} constraints, its score {len(score.verdicts)} verdicts"
                raise InputError(mismatch, what, "score it again")
        return ScoredSamples.of(row_set, scores)

    def _is_scored(self, checkpoint: str) -> bool:
        return self._counts(checkpoint) and any(self.paths.evaluated(checkpoint).glob("*/scores.jsonl"))

    def _counts(self, evaluation: str) -> bool:
        return self._evaluated is None or evaluation in self._evaluated

    def _spent(self, seed: int | None, stages: tuple[str, ...]) -> tuple[int, ...]:
        """Steps, supervised tokens, rows and cut rows of all stages that led to a checkpoint."""
        checkpoints = [checkpoint_name(stages[:depth], seed) for depth in range(1, len(stages) + 1)]
        spent = [self._done(checkpoint) for checkpoint in checkpoints]
        return tuple(sum(stage[key] for stage in spent) for key in SPENT)

    def _done(self, stage: str) -> dict[str, Any]:
        """Sums of a finished stage; raises InputError where its `done.json` does not hold them."""
        file = self.paths.stage(stage) / DONE
        done = parse(_read(file), file, fix := "run the recipe again: it does what is missing")
        if not isinstance(done, dict):
            raise InputError(file, f"a {type(done).__name__}, not an object", fix)
        return {key: need(done, key, COUNT, file) for key in SPENT}


def _stages(recipe: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The stages of every arm; in a recipe without roles an arm is a bare list of them."""
    return {
        name: tuple(arm["stages"] if isinstance(arm, dict) else arm) for name, arm in recipe["arms"].items()
    }


def _recipe(file: Path) -> dict[str, Any]:
    """The resolved recipe that a run has written; raises InputError where it is not whole."""
    text = _read(file)
    try:
        recipe = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(file, f"no YAML ({reason})", "run the recipe again: it is written anew") from None
    if not isinstance(recipe, dict) or (absent := [key for key in NEEDED if key not in recipe]):
        lacks = "no object" if not isinstance(recipe, dict) else f"field {absent[0]!r} is missing"
        raise InputError(file, lacks, "run the recipe again: it is written anew")
    return recipe


def _read(file: Path) -> str:
    if not file.exists():
        raise InputError(file, "not there", "name the folder of a run, and finish it")
    return read_text(file)
