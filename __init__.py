"""What training a model to reason costs its instruction following, and what gets it back.

One recipe trains one base model several ways (`train`), on rows it builds (`data_builders`), evaluates
every checkpoint for constraints held and answers right (`eval`), and writes one report (`recipes` runs it all).
Not a training framework: the trainers are TRL's, the launcher is accelerate's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .eval.analyse.frames import Run

__version__ = "0.1.0"


def load_run(folder: str | Path) -> Run:
    """The run in a folder such as `runs/micro`, as pandas data frames: see `reins.eval.analyse.frames`."""
    from .eval.analyse import frames  # `import reins` alone is quick

    return frames.load_run(folder)
