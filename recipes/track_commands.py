"""The commands on what a run has logged."""

from pathlib import Path
from typing import Annotated

import typer

from ..eval.io.terminal import shown

tracking = typer.Typer(help="What a run has logged offline.", rich_markup_mode=None, no_args_is_help=True)


@tracking.callback()
def track() -> None:
    """What a run has logged offline."""


@tracking.command()
def sync(run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR")]) -> None:
    """Upload the offline runs of Weights & Biases in a run folder, where nothing in them is a secret."""
    from ..eval.report.sync import sync as upload

    print(shown("\n".join(map(str, upload(run_dir)))))
