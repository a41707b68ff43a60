"""How long tasks will still take: by their own steps, by what tasks of their kind took, or by the pace of others."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ...eval.io.files import read_state
from ...eval.io.run_paths import PROGRESS
from ..plan.task import Task, chains

START = 10.0  # seconds in which a process imports its libraries and opens a model, about


class Pace:
    """Seconds a unit of cost, learned from tasks that have ended; the start of their processes is counted apart."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        self.with_model: set[str] = set()

    def ended(self, task: Task, seconds: float) -> None:
        spent, cost = self.spent[task.module]
        self.spent[task.module] = (spent + _at_work(task, seconds), cost + task.cost)
        if task.needs_model:
            self.with_model.add(task.module)

    def of_task(self, task: Task, elapsed: float = 0.0, per_step: float = 0.0) -> float | None:
        """Seconds that a task still takes after so many, at so many a step where that is known; None: nobody knows."""
        step, steps = position(task.folder)
        if per_step:
            return per_step * (steps - step)
        rate = self._rate(task.module)
        return None if rate is None else max(START * task.needs_model + rate * task.cost - elapsed, 0.0)

    def _rate(self, module: str) -> float | None:
        """Of tasks of a kind, or the least of any that ran a model: in small ones what is not work weighs most."""
        modules = [module] if module in self.spent else self.with_model
        return min((spent / cost for spent, cost in (self.spent[name] for name in modules)), default=None)

    def of_all(self, tasks: Mapping[str, Task], left: Mapping[str, float], slots: int) -> float:
        """The longest chain of tasks, or all of them over the slots they take, whichever is longer."""
        work = sum(seconds * tasks[name].processes for name, seconds in left.items())
        return max(*chains(tasks, left).values(), work / slots)


def _at_work(task: Task, seconds: float) -> float:
    """Of the seconds that a task took those after its start: a stage says when it began to step, and when it last did."""
    began = (read_state(task.folder / PROGRESS) or {}).get("started")
    if began is not None:
        return min(max((task.folder / PROGRESS).stat().st_mtime - began, 0.0), seconds)
    return max(seconds - START, 0.1 * seconds) if task.needs_model else seconds


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:02:00`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def position(folder: Path) -> tuple[int, int]:
    """(step, steps) of a task that writes progress.json; zeros before it does."""
    said = read_state(folder / PROGRESS) or {}
    return said.get("step", 0), said.get("steps", 0)
