"""How long tasks will still take: by their own steps, by what tasks of their kind took, or by what any took."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ...eval.io.files import read_state
from ...eval.io.run_paths import PROGRESS
from ..plan.task import Task, chains

ANY = "any"


class Pace:
    """Seconds a unit of cost, learned from tasks that have ended."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))

    def ended(self, task: Task, seconds: float) -> None:
        for rate in (task.module, ANY) if task.needs_model else (task.module,):
            spent, cost = self.spent[rate]
            self.spent[rate] = (spent + seconds, cost + task.cost)

    def of_task(self, task: Task, elapsed: float = 0.0, per_step: float = 0.0) -> float | None:
        """Seconds that a task still takes after so many, at so many a step where that is known; None: nobody knows."""
        step, steps = position(task.folder)
        if per_step:
            return per_step * (steps - step)
        seconds, cost = self.spent.get(task.module) or self.spent.get(ANY) or (0.0, 0.0)
        return max(seconds / cost * task.cost - elapsed, 0.0) if cost else None

    def of_all(self, tasks: Mapping[str, Task], left: Mapping[str, float], slots: int) -> float:
        """The longest chain of tasks, or all of them over the slots they take, whichever is longer."""
        work = sum(seconds * tasks[name].processes for name, seconds in left.items())
        return max(*chains(tasks, left).values(), work / slots)


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:02:00`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def position(folder: Path) -> tuple[int, int]:
    """(step, steps) of a task that writes progress.json; zeros before it does."""
    said = read_state(folder / PROGRESS) or {}
    return said.get("step", 0), said.get("steps", 0)
