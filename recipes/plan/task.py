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
from typing import Any

BUILD = "reins.recipes.engine.build"
# What a token costs beside one of SFT, for the order of tasks and the time left: measured on the micro ablation, where
# RL's and evaluation's tokens are counted at their full length and most replies end before it.
WEIGHTS = {BUILD: 0.1, "reins.train.sft": 1.0, "reins.train.grpo": 0.7, "reins.eval.run": 0.5}


@dataclass(frozen=True)
class Part:
    """A set asked in one way: what decides its samples beside the task's own, and the folder that they are in.

    Along a stage, `folder` holds a `*` for the step, and `steps` says which ("all", or a list).
    """

    folder: Path
    spec: Mapping[str, Any]
    needs: str
    steps: str | Sequence[int] | None = None


@dataclass(frozen=True)
class Task:
    """One command, `python … -m module --config folder/config.yaml`, and what goes in.

    `config` becomes config.yaml, with `inputs`, the hash of what goes in, added. `spec` is hashed with the outputs
    of the tasks in `needs`; `judge` goes in too, but another judge only needs the samples judged again. An evaluation
    has `parts`, each redone by itself, in the order of its config's `sets`; `along` is the stage whose checkpoints are
    asked. `mixture` says how a stage's rows are drawn, `tokens` (of a set: rows) and `note` how much there is to do,
    `disk` about how many bytes that leaves, `processes` how many slots it takes.
    """

    name: str
    folder: Path
    module: str
    config: Mapping[str, Any]
    spec: Mapping[str, Any]
    needs: tuple[str, ...]
    tokens: int
    note: str
    launch: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mixture: Mapping[str, Any] | None = None
    judge: str = ""
    disk: int = 0
    parts: tuple[Part, ...] = ()
    along: Path | None = None
    processes: int = 1
    machines: int = 1

    @property
    def cost(self) -> float:
        """What the task takes, in trained tokens."""
        return max(self.tokens, 1) * WEIGHTS.get(self.module, 1.0)

    @property
    def command(self) -> list[str]:
        """What is run, from the folder that `reins` was started in; on several machines, from within a Slurm job."""
        here = [_python(), *self.launch, "-m", self.module, "--config", str(self.folder / "config.yaml")]
        if self.machines == 1:
            return here
        return ["srun", "--ntasks-per-node=1", "bash", "-c", f"exec {_with_variables(here)}"]


def shell(command: Sequence[str], env: Mapping[str, str]) -> str:
    """A command as one line of shell."""
    return " ".join([*(f"{key}={value}" for key, value in env.items()), shlex.join(command)])


def checkpoint(stages: Sequence[str], seed: int) -> str:
    """`base`, `sft-s0`, `sft.rl-s0`: the folder of a checkpoint under stages/ and evals/."""
    return f"{'.'.join(stages)}-s{seed}" if stages else "base"


def _with_variables(command: Sequence[str]) -> str:
    """A line of shell in which a word that is a variable stays one."""
    return " ".join(one if one.startswith("$") else shlex.quote(one) for one in command)


def _python() -> str:
    """This interpreter, from the current folder where it lies within: a clone may be moved."""
    here, python = Path.cwd(), Path(sys.executable)
    return os.path.relpath(python, here) if python.is_relative_to(here) else str(python)
