"""Uploads what an ablation has logged offline to Weights & Biases, once nothing in it is a secret."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from ..io.errors import InputError
from ..io.public import holds_secret
from ..io.run_paths import RunPaths
from .lineage import declare_inputs


def sync(run_dir: str | Path) -> list[Path]:
    """Upload every offline run in a run folder, from a node that reaches the server; return their folders.

    Raises InputError where the run was not tracked offline, where a file holds a secret, and where the upload fails.
    """
    run = RunPaths(Path(run_dir))
    if not run.recipe.is_file():
        raise InputError(run.recipe, "not there", "name the folder of a run")
    recipe = yaml.safe_load(run.recipe.read_text("utf-8"))
    offline = sorted(folder for folder in run.root.rglob("wandb/offline-run-*") if folder.is_dir())
    if not offline:
        raise InputError(run.root, "no offline run of W&B", "run the recipe with track: {mode: offline}")
    _refuse_secrets(offline)
    command = [sys.executable, "-m", "wandb", "sync", *map(str, offline)]
    if status := subprocess.run(command, check=False).returncode:
        raise InputError(run.root, f"wandb sync ended with {status}", "see above; it may want `wandb login`")
    if run.results.is_file():
        declare_inputs(run, recipe, json.loads(run.results.read_text("utf-8")))
    return offline


def _refuse_secrets(folders: Sequence[Path]) -> None:
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink() and holds_secret(file.read_bytes()):
                raise InputError(
                    file, "holds a secret", "take it out of the recipe; remove this folder; log again"
                )
