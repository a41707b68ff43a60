"""Where everything of a run is: the one place that makes the paths of a run folder, and reads them back.

data/<set>  answers/<set>  mixtures/<stage>-s<seed>  stages/<checkpoint>  evals/<checkpoint>/<set>.<mode>
along/<checkpoint>  attention/<checkpoint>  report/  so_far/  slurm/  code/ (sources and versions by their hash)
old/ (what was there before something changed)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BASE = "base"
ATTENTION = "attention.jsonl"  # beside the responses that it is of
PROMPT_STATES = "prompt_states.npy"  # beside the responses to the same prompts
# Files in the folder of a task.
CONFIG = "config.yaml"
DONE = "done.json"
INPUTS = "inputs.json"  # in an evaluation's folder, once it is scored
PROGRESS = "progress.json"
LOG = "output.txt"  # what a task's process says
LOCK = "lock"  # in a run's own folder, from the first time that one was at work there
ORIGIN = "origin"  # the hash of what a folder's contents grew from
WHOLE = "whole.json"  # in a checkpoint that was saved to its end
UNCONSTRAINED = "-plain"  # behind the name of a set that is asked without its constraints
ANY_STEP = "*"


def checkpoint_name(stages: Sequence[str], seed: int | None) -> str:
    """What the last of these stages leaves, at one seed: `base`, `sft-s0`, `sft.rl-s0`."""
    return f"{'.'.join(stages)}-s{seed}" if stages else BASE


def name_on_the_way(checkpoint: str, step: int | str) -> str:
    """A checkpoint that was saved on the way to another: `sft-s0@50`."""
    return f"{checkpoint}@{step}"


def unconstrained(name: str) -> str:
    """The label of a set's rows asked without their constraints."""
    return f"{name}{UNCONSTRAINED}"


def saved_checkpoints(stage: Path) -> dict[int, Path]:
    """The whole checkpoints in a stage's folder, by step."""
    folders = [mark.parent for mark in stage.glob(f"checkpoint-*/{WHOLE}")]
    return dict(sorted((int(folder.name.rpartition("-")[2]), folder) for folder in folders))


def at_step(evaluation: Path, step: int) -> Path:
    """The evaluation of the checkpoint of one step, from one that is made for `ANY_STEP`."""
    checkpoint = evaluation.parent
    return checkpoint.with_name(checkpoint.name.replace(ANY_STEP, str(step))) / evaluation.name


def at_steps_there(evaluation: Path) -> list[Path]:
    """Of an evaluation made for `ANY_STEP` those that are there; of any other itself, where it is there."""
    checkpoint = evaluation.parent
    if ANY_STEP not in checkpoint.name:
        return [evaluation] if evaluation.is_dir() else []
    return sorted(
        folder / evaluation.name
        for folder in checkpoint.parent.glob(checkpoint.name)
        if (folder / evaluation.name).is_dir()
    )


def rows_evaluated(evaluation: Path) -> Path:
    """The rows that a folder made by `RunPaths.evaluation` answers; they need not be there."""
    folder = evaluation.resolve()
    name = folder.name.rpartition(".")[0].removesuffix(UNCONSTRAINED)
    return RunPaths(folder.parents[2]).rows(name)


@dataclass(frozen=True)
class RunPaths:
    """The paths of the run folder `root`."""

    root: Path

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.yaml"

    @property
    def evaluations(self) -> Path:
        return self.root / "evals"

    @property
    def report(self) -> Path:
        return self.root / "report"

    @property
    def so_far(self) -> Path:
        """What writes the report while the run is at work."""
        return self.root / "so_far"

    @property
    def results(self) -> Path:
        return self.report / "results.json"

    def set(self, name: str) -> Path:
        """The folder of a built set."""
        return self.root / "data" / name

    def rows(self, name: str) -> Path:
        """The rows of a built set."""
        return self.set(name) / "rows.jsonl"

    def answers(self, name: str, mode: str | None = None) -> Path:
        """The base's answers that the set `name` is made of; `mode`: those in one of several modes."""
        folder = self.root / "answers" / name
        return folder / mode if mode else folder

    def mixture(self, stage: str, seed: int) -> Path:
        """A stage's training rows, the same for every arm that has the stage."""
        return self.root / "mixtures" / checkpoint_name([stage], seed)

    def stage(self, checkpoint: str) -> Path:
        return self.root / "stages" / checkpoint

    def final(self, checkpoint: str) -> Path:
        """The weights that a stage ends in."""
        return self.stage(checkpoint) / "final"

    def evaluated(self, checkpoint: str) -> Path:
        """The folder of all evaluations of a checkpoint."""
        return self.evaluations / checkpoint

    def evaluation(self, checkpoint: str, label: str, mode: str) -> Path:
        """Responses and scores of one checkpoint on one set; `label` is the set's name, or `unconstrained` of it."""
        return self.evaluated(checkpoint) / f"{label}.{mode}"

    def along(self, checkpoint: str) -> Path:
        """The task that evaluates what was saved on the way to a checkpoint; the evaluations are with the others."""
        return self.root / "along" / checkpoint

    def attention(self, checkpoint: str) -> Path:
        """The task that measures attention over a checkpoint's responses; what it measures is beside them."""
        return self.root / "attention" / checkpoint

    def steps_evaluated(self, checkpoint: str) -> list[int]:
        """The steps of the checkpoints on the way to this one that were evaluated."""
        folders = self.evaluations.glob(name_on_the_way(checkpoint, ANY_STEP))
        return sorted(int(folder.name.rpartition("@")[2]) for folder in folders)

    def job(self, name: str, suffix: str) -> Path:
        """A Slurm job's script (`sh`) or output (`out`)."""
        return self.root / "slurm" / f"{name}.{suffix}"

    def code(self, hashed: str) -> Path:
        """The sources and packages behind a hash of our code that tasks were made by."""
        return self.root / "code" / f"{hashed[:16]}.json"

    def old(self, folder: Path) -> Path:
        """Where a folder of this run is kept once it holds what was made from other inputs."""
        return self.root / "old" / folder.relative_to(self.root)
