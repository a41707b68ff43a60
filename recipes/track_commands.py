"""The commands on what a run has logged."""

from pathlib import Path
from typing import Annotated

import typer

from ..eval.io.terminal import shown
from .help import examples

SYNC = examples("reins track sync runs/mine", "reins track sync /scratch/me/mine")

tracking = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@tracking.callback(epilog=SYNC)
def track() -> None:
    """Upload what a run has logged offline."""


@tracking.command(epilog=SYNC)
def sync(run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR")]) -> None:
    """Upload a run's offline runs of Weights & Biases.

    Each file is looked through first: where one holds a secret, nothing is uploaded.
    """
    from ..eval.report.sync import sync as upload

    print(shown("\n".join(map(str, upload(run_dir)))))
