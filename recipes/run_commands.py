"""The commands on a run that is there: how far it is, and what it can do without."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ..eval.io.errors import InputError
from ..eval.io.run_paths import RunPaths
from ..eval.io.terminal import shown
from .help import examples
from .plan.plan import plan, plan_data
from .plan.task import Task
from .recipe.resolve import check
from .recipe.schema import Recipe, load

runs = typer.Typer(rich_markup_mode=None)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder; or its recipe, as it reads now.")]
Out = Annotated[Path | None, typer.Option("--out", help="Beside a recipe: the run folder, not runs/<name>.")]


@runs.command(epilog=examples("reins status runs/mine", "reins status mine     # as mine.yaml reads now"))
def status(run: Run, out: Out = None) -> None:
    """Say what is done, running, failed or stale, and what is left.

    Of what is stale it names the input that changed; of the rest, how long it will take.
    """
    from .engine.status import status as of_run

    recipe, folder, tasks = _opened(run, out)
    print(shown(of_run(recipe, folder, tasks)))


@runs.command(epilog=examples("reins clean runs/mine", "reins clean runs/mine --yes"))
def clean(
    run: Run,
    out: Out = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """Remove what a run no longer needs; says how much, asks first.

    That is old/, and the checkpoints of stages that are done, but for the weights that are evaluated along the way.
    """
    from .engine.clean import remove, spare
    from .engine.processes import process_group

    _, folder, tasks = _opened(run, out)
    with process_group(folder):
        spares = spare(folder, tasks)
        for each in spares:
            print(shown(f"{_mib(each.size):>12}  {each.place}  ({each.why})"))
        total = _mib(sum(each.size for each in spares))
        if not spares:
            print(f"{folder}: nothing to remove")
        elif yes or _agrees(f"Remove {total}?"):
            remove(spares)
            print(f"{total} removed")


def _opened(run: Path, out: Path | None) -> tuple[Recipe, Path, Mapping[str, Task]]:
    """A run's recipe, its folder and its tasks."""
    inside = RunPaths(run).recipe
    if run.is_dir() and not inside.is_file():
        raise InputError(run, "no run's folder: there is no recipe.yaml in it", "name one, as runs/micro")
    file = inside if run.is_dir() else run
    recipe = _checked(file, inside_run=run.is_dir())
    folder = out or (run if run.is_dir() else Path("runs") / recipe.name)
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "start it by `reins run`, or name its --out")
    planned = plan if recipe.arms or recipe.models else plan_data
    return recipe, folder, planned(recipe, folder, [])


def _checked(file: Path, inside_run: bool) -> Recipe:
    """A recipe that was run names its base and files from the folder where that was."""
    try:
        return check(load(file), file)
    except InputError as error:
        fix = f"call it where the run was started, or {error.fix}" if inside_run else error.fix
        raise InputError(error.where, error.what, fix) from None


def _agrees(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise InputError("clean", "nobody answered", "give --yes") from None


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
