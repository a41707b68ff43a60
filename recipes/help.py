"""What `reins` says of itself: a day's work in its order, and examples for each command."""

import typer
from typer.core import TyperGroup

from .recipe.files import recipe_names

DAY = """\
A day's work, in its order:

  reins new mine --base MODEL --gpus 8     write a recipe for your model and cards
  reins check mine                         what would go wrong, and what it costs
  reins run mine                           train, evaluate, report; go on where it stopped
  reins status mine                        what is done, what failed, how long the rest takes
  reins report runs/mine runs/other --out both     lay runs side by side

Nothing at hand? `reins run micro/ablation` does all of it on two CPU cores, in about 20 minutes.
All commands: reins --help. One of them: reins run --help."""
ORDER = (
    "new",
    "check",
    "run",
    "status",
    "report",
    "compare",
    "clean",
    "build",
    "generate",
    "score",
    "attend",
)


class InOrder(TyperGroup):
    """Commands in the order in which they are met in a day, the rest behind them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        names = list(self.commands)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def complete(incomplete: str) -> list[str]:
    """The recipes whose names begin so; where there is none, the shell completes files."""
    return [name for name in recipe_names() if name.startswith(incomplete)]


def examples(*lines: str) -> str:
    """The end of a command's help; it is not wrapped."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
