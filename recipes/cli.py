"""The command line: exit status 0 done, 2 bad input (one line on stderr), 3 stopped by a guard, 1 a failure of ours."""

import io
import signal
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from ..eval.io.errors import InputError, of_place
from ..eval.io.terminal import shown
from .answer_commands import answers
from .engine import run as runs
from .engine.execute import TaskFailed
from .help import DAY, InOrder, complete, examples
from .new_command import new_recipe
from .recipe import resolve
from .recipe.schema import Recipe, load
from .run_commands import runs as runs_there
from .track_commands import tracking

app = typer.Typer(
    cls=InOrder,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipeFile = Annotated[
    Path,
    typer.Argument(
        metavar="RECIPE",
        help="A recipe's YAML file, or one of ours by name: micro/ablation.",
        autocompletion=complete,
    ),
]
# Why a flag of `reins run` does not go with these others.
APART = {
    "--task": ("runs one task of the whole plan, here", ("--launch slurm", "--arm", "--seed")),
    "--rehearse": ("runs all of it here, in a folder of its own", ("--launch slurm", "--task", "--dry-run")),
}
Out = Annotated[Path | None, typer.Option("--out", help="The run folder; runs/<name> where not given.")]


@app.callback()
def reins(context: typer.Context) -> None:
    """Train one base model several ways, and measure what each did to instruction following."""
    if context.invoked_subcommand is None:
        print(DAY)


@app.command(epilog=examples("reins run micro/ablation", "reins run mine --arm base --arm sft --dry-run"))
def run(
    recipe: RecipeFile,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Only this seed; may be repeated.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print plan, cost and commands; start nothing.")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Run all of it in two steps on a CPU, on a tiny random model.")
    ] = False,
    launch: Annotated[
        str, typer.Option(help="here, or slurm: as jobs of a cluster, each after what it needs.")
    ] = "here",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task of the plan; may be repeated.")
    ] = None,
    out: Out = None,
) -> None:
    """Train, evaluate and report: all of it, or part.

    What is done is not done again; a run that was stopped goes on from there.
    """
    if launch not in ("here", "slurm"):
        raise InputError(f"--launch {launch}", "unknown launcher", "give here or slurm")
    flags = {"--launch slurm": launch == "slurm", "--task": task, "--arm": arm, "--seed": seed}
    flags |= {"--rehearse": rehearse, "--dry-run": dry_run}
    _refuse_together({flag for flag, value in flags.items() if value})
    checked, folder = _read(recipe, out)
    if task:
        runs.part(checked, folder, task, dry_run)
        return
    if launch == "slurm":
        runs.by_slurm(checked, folder, arm or [], seed or [], dry_run)
        return
    if rehearse:
        from .rehearse.rehearse import rehearse as rehearsed

        beside = folder.with_name(f"{folder.name}.rehearsal") if folder.name else Path("rehearsal")
        rehearsed(checked, recipe, beside, arm or [], seed or [])
        return
    (runs.dry_run if dry_run else runs.run)(checked, folder, arm or [], seed or [])


@app.command(epilog=examples("reins check mine", "reins check qwen/qwen2.5-7b --processes 4"))
def check(
    recipe: RecipeFile,
    processes: Annotated[
        int | None, typer.Option(min=1, help="As if each stage had this many processes.")
    ] = None,
    out: Out = None,
) -> None:
    """Say what would go wrong, and what it costs.

    Before a GPU is taken: a line a check, each with its fix; exit status 2 if one fails.
    """
    from .preflight import preflight

    loaded = _load(recipe, processes)
    findings = preflight(loaded, out or Path("runs") / loaded.name)
    print(shown("\n".join(map(str, findings))))
    if failed := sum(finding.level == "FAIL" for finding in findings):
        raise InputError(
            recipe, f"{failed} of {len(findings)} checks failed", "mend what the FAIL lines name"
        )


@app.command(epilog=examples("reins build mine", "reins build micro/ablation composite --out data"))
def build(
    recipe: RecipeFile,
    sets: Annotated[
        list[str] | None, typer.Argument(metavar="[SET]...", help="All where none is named.")
    ] = None,
    out: Out = None,
) -> None:
    """Build the data only."""
    checked, folder = _read(recipe, out)
    runs.build(checked, folder, sets or [])


@app.command(
    epilog=examples(
        "reins push runs/mine --arm sft --to me/mine-sft",
        "reins push runs/mine --arm rl --seed 1 --to me/mine-rl --public",
    )
)
def push(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR")],
    arm: Annotated[str, typer.Option(help="The arm whose last checkpoint is uploaded.")],
    repository: Annotated[str, typer.Option("--to", help="owner/name on the hub.")],
    seed: int = 0,
    public: Annotated[
        bool, typer.Option("--public", help="For all to see; private where not given.")
    ] = False,
) -> None:
    """Upload one arm, with its card, to the hub."""
    from .engine.model_card import push as upload

    upload(run_dir, arm, repository, seed=seed, private=not public)
    print(f"https://huggingface.co/{repository}")


app.add_typer(new_recipe)
app.add_typer(runs_there)
app.add_typer(answers)
app.add_typer(tracking, name="track")


def _refuse_together(flags: set[str]) -> None:
    """Raise InputError where one flag of `reins run` would have to be left unheeded for another."""
    for flag, (why, others) in APART.items():
        for other in others:
            if {flag, other} <= flags:
                raise InputError(f"{flag} with {other}", why, f"leave out {flag} or {other}")


def _load(file: Path, processes: int | None) -> Recipe:
    recipe = load(file)
    if processes is None:
        return recipe
    return recipe.model_copy(update={"launch": recipe.launch.model_copy(update={"processes": processes})})


def _read(file: Path, out: Path | None) -> tuple[Recipe, Path]:
    recipe = resolve.check(load(file), file)
    return recipe, out or Path("runs") / recipe.name


class Ended(BaseException):
    """A signal asked this process to end."""


def main() -> None:
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a sign gets its escape
        cast(io.TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    for sign in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) is not signal.SIG_IGN:  # as `nohup` leaves it
            signal.signal(sign, _end)
    try:
        app()
    except (InputError, OSError) as error:
        if not (refused := of_place(error) if isinstance(error, OSError) else error):
            raise
        _say(str(refused))
        sys.exit(2)
    except TaskFailed as error:
        _say(str(error))
        sys.exit(error.status)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        sys.exit(130)
    except Ended as ended:
        _say(f"ended by {signal.Signals(ended.args[0]).name}; the same command goes on from here")
        sys.exit(128 + ended.args[0])


def _end(sign: int, _: object) -> None:
    raise Ended(sign)


def _say(text: str) -> None:
    print(f"reins: {shown(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
