"""A task: one command that reads one config.yaml, so that anyone can run it again by hand.

What goes in is one hash over its part of the recipe (paths left out, so a run folder may be moved), versions, and the
outputs it needs.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...eval.io.run_paths import CONFIG

Kind = Literal["build", "answers", "mix", "train", "evaluate", "attend"]
WITHOUT_MODEL: tuple[Kind, ...] = (
    "build",
    "mix",
)  # their work is counted in rows, that of the others in tokens
# What a token costs beside one of SFT, for the order of tasks and the time left: measured on the micro ablation, where
# RL's and evaluation's tokens are counted at their full length and most replies end before it. A row costs a tenth.
WEIGHTS = {
    "reins.train.sft": 1.0,
    "reins.train.pretrain": 1.0,
    "reins.train.grpo": 0.7,
    "reins.train.distill": 0.7,
    "reins.eval.run": 0.5,
    "reins.eval.attention.run": 0.2,
}
ROW_WEIGHT = 0.1


@dataclass(frozen=True)
class Part:
    """A share of a task's work that is redone by itself, and the folder that its outcome is in.

    `config` is its entry under `parts` in the task's config.yaml; `spec`, and the outputs of the tasks that it `needs`,
    decide its outcome beside what the task says for all parts. A `folder` with a `*` stands for several, which
    the task's own process makes; `members` says which it is to make.
    """

    folder: Path
    config: Mapping[str, Any]
    spec: Mapping[str, Any]
    needs: tuple[str, ...]
    members: str | Sequence[int] | None = None


@dataclass(frozen=True)
class Task:
    """One command, `python … -m module --config folder/config.yaml`, what it is for, and what goes in.

    `kind` says what it does; `stages` and `seed` whose rows it mixes, which of them (the last) it trains or which
    checkpoint it evaluates, by name `checkpoint`; `along`: not that one but those saved on the way to it.
    `config` becomes config.yaml, with `inputs`, the hash of what goes in, added. `spec` is hashed with the outputs of
    the tasks in `needs`; `judge` goes in too, but another judge only needs the samples judged again. `amount` (rows
    or trained tokens) and `note` say how much there is to do, `disk` about how many bytes that leaves, `beside`
    what it gives outside of its folder, `processes` how many slots it takes.
    """

    kind: Kind
    name: str
    folder: Path
    module: str
    config: Mapping[str, Any]
    spec: Mapping[str, Any]
    needs: tuple[str, ...]
    amount: int
    note: str
    stages: tuple[str, ...] = ()
    seed: int | None = None
    checkpoint: str = ""
    along: bool = False
    launch: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    judge: str = ""
    disk: int = 0
    parts: tuple[Part, ...] = ()
    beside: tuple[Path, ...] = ()
    processes: int = 1
    machines: int = 1

    @property
    def needs_model(self) -> bool:
        """Whether a model is run, for which there may be a GPU."""
        return self.kind not in WITHOUT_MODEL

    @property
    def cost(self) -> float:
        """What the task takes, in trained tokens."""
        weight = WEIGHTS.get(self.module, 1.0) if self.needs_model else ROW_WEIGHT
        return max(self.amount, 1) * weight

    @property
    def command(self) -> list[str]:
        """What is run, from the folder that `reins` was started in; on several machines, from within a Slurm job."""
        command = [_python(), *self.launch, "-m", self.module, "--config", str(self.folder / CONFIG)]
        if self.machines == 1:
            return command
        return ["srun", "--ntasks-per-node=1", "bash", "-c", f"exec {_with_variables(command)}"]


def shell(command: Sequence[str], env: Mapping[str, str]) -> str:
    """A command as one line of shell."""
    return " ".join([*(f"{key}={value}" for key, value in env.items()), shlex.join(command)])


def chains(tasks: Mapping[str, Task], costs: Mapping[str, float]) -> dict[str, float]:
    """The cost of the longest chain of tasks that starts with each; tasks are in an order that can be run."""
    longest: dict[str, float] = {}
    after: dict[str, float] = {}  # of a task: the longest chain that waits for it
    for task in reversed(list(tasks.values())):
        longest[task.name] = costs[task.name] + after.get(task.name, 0.0)
        for need in task.needs:
            after[need] = max(after.get(need, 0.0), longest[task.name])
    return longest


def _with_variables(command: Sequence[str]) -> str:
    """A line of shell in which a word that is a variable stays one."""
    return " ".join(word if word.startswith("$") else shlex.quote(word) for word in command)


def _python() -> str:
    """This interpreter, from the current folder where it lies within: a clone may be moved."""
    folder, python = Path.cwd(), Path(sys.executable)
    return os.path.relpath(python, folder) if python.is_relative_to(folder) else str(python)
