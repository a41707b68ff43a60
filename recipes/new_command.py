"""`reins new`: a recipe for one's own model and cards, written, sized and checked."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..eval.io.errors import InputError
from ..eval.io.terminal import shown
from .help import examples
from .recipe.schema import NAME, load

new_recipe = typer.Typer(rich_markup_mode=None)


@new_recipe.command(
    epilog=examples(
        "reins new mine     # asks for the rest",
        "reins new mine --base Qwen/Qwen2.5-7B --gpus 8 --budget-hours 400",
    )
)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the recipe; it is written to NAME.yaml.")],
    base: Annotated[str | None, typer.Option(help="The model to train: a hub id, or a folder.")] = None,
    gpus: Annotated[int | None, typer.Option(help="How many cards of one node.")] = None,
    gpu: Annotated[str | None, typer.Option(help="Which card.")] = None,
    budget_hours: Annotated[
        float | None, typer.Option(help="Hours of one card at most: fewer rows, samples, arms.")
    ] = None,
) -> None:
    """Write a recipe for your model and cards, and check it.

    It is sized by the arithmetic of `reins check`. On a terminal, what is not given is asked for.
    """
    from .draft import draft
    from .preflight import preflight
    from .preflight.cards import CARDS

    if not re.fullmatch(NAME, name):
        raise InputError(f"NAME {name}", "no name of a recipe", "letters, digits, dots, _ and -, as my-model")
    file = Path(f"{name}.yaml")
    if file.exists():
        raise InputError(file, "there already", "give another NAME, or move it away")
    if sys.stdin.isatty() and (base is None or gpus is None):
        base = base or typer.prompt("Model to train (a hub id, or a folder)")
        gpus = gpus or typer.prompt("How many cards", type=int, default=8)
        gpu = gpu or typer.prompt(f"Which ({', '.join(CARDS)})", default=next(iter(CARDS)))
        budget_hours = budget_hours or typer.prompt(
            "Hours of one card at most (0: no limit)", type=float, default=0
        )
    if base is None or gpus is None:
        raise InputError(
            "--base" if base is None else "--gpus", "missing", "`reins new mine --base MODEL --gpus 8`"
        )
    text = draft(name, base, gpus, gpu or next(iter(CARDS)), budget_hours or None)
    with open(file, "x", encoding="utf-8") as out:  # never over somebody's own
        out.write(text)
    findings = preflight(load(file), Path("runs") / name)
    lines = [str(finding) for finding in findings if finding.level != "ok" or finding.name == "cost"]
    print(shown("\n".join([f"{file}:\n", text, *lines])))
    if failed := sum(finding.level == "FAIL" for finding in findings):
        print(
            f"\n{failed} of {len(findings)} checks fail here: mend what the FAIL lines name, then `reins check {name}`"
        )
    else:
        print(f"\nNext: reins run {name} --rehearse    # all of it on the CPU, with tiny random weights")
