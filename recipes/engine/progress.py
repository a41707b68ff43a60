"""What a run says while it works: a line per task started and done, and how long the rest will take."""

import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ...eval.io.files import read_state
from ...eval.io.run_paths import PROGRESS
from ...eval.io.terminal import shown
from ..plan.task import Task, chains

ANY = "any"
EVERY = 10.0  # seconds between lines where there is no terminal to keep one line up to date


class Progress:
    """Times tasks as they start and end; rates by kind of task, learned on the way, give the time left."""

    def __init__(self, tasks: Mapping[str, Task], done: int, slots: int) -> None:
        self.waiting = dict(tasks)
        self.total, self.done, self.slots = done + len(tasks), done, slots
        self.running: dict[str, float] = {}
        self.first: dict[str, tuple[float, int]] = {}
        self.spent: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        self.began = self.said = time.monotonic()
        self.live = sys.stdout.isatty()

    def started(self, task: Task) -> None:
        self.running[task.name] = time.monotonic()
        self.say(f"{task.name}: started")

    def unchanged(self, task: Task) -> None:
        """A task whose inputs turned out to be those it was done from."""
        del self.waiting[task.name]
        self.done += 1
        self.say(f"{task.name}: done before")

    def ended(self, task: Task) -> None:
        seconds = time.monotonic() - self.running.pop(task.name)
        del self.waiting[task.name]
        self.done += 1
        for rate in (task.module, ANY) if task.needs_model else (task.module,):
            spent, cost = self.spent[rate]
            self.spent[rate] = (spent + seconds, cost + task.cost)
        self.say(f"{task.name}: done in {clock(seconds)}{self._left()}")

    def say(self, text: str) -> None:
        """One line that stays."""
        print(
            f"{self._erase()}[{self.done}/{self.total}] {clock(time.monotonic() - self.began)}  {shown(text)}",
            flush=True,
        )

    def tick(self) -> None:
        """Where the running tasks are: one line kept up to date on a terminal, else a line now and then."""
        if not self.running or time.monotonic() - self.said < (1.0 if self.live else EVERY):
            return
        self.said = time.monotonic()
        parts = [f"{name}{self._steps(self.waiting[name])}" for name in self.running]
        text = "; ".join(parts) + self._left()
        if self.live:
            print(f"\r\x1b[K{shown(text)[:120]}", end="", flush=True)
        else:
            self.say(text)

    def _erase(self) -> str:
        return "\r\x1b[K" if self.live else ""

    def _steps(self, task: Task) -> str:
        step, steps = _position(task.folder)
        return f": {step}/{steps}" if steps else f": {clock(time.monotonic() - self.running[task.name])}"

    def _left(self) -> str:
        """The time left: the longest chain of tasks, or all of them over the slots they take, whichever is longer."""
        if not self.waiting or not self.spent[ANY][1]:
            return ""
        left = {name: self._task_left(task) for name, task in self.waiting.items()}
        longest = max(chains(self.waiting, left).values())
        work = sum(seconds * self.waiting[name].processes for name, seconds in left.items())
        return f", about {clock(max(longest, work / self.slots))} left"

    def _task_left(self, task: Task) -> float:
        """Seconds: by its own steps since they were first seen, by its kind's speed, or by any other's."""
        now = time.monotonic()
        if task.name in self.running:
            step, steps = _position(task.folder)
            then, first = self.first.setdefault(task.name, (now, step))
            if step > first:
                return (now - then) / (step - first) * (steps - step)
        seconds, cost = self.spent[task.module if task.module in self.spent else ANY]
        return max(seconds / cost * task.cost - (now - self.running.get(task.name, now)), 0.0)


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:02:00`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def _position(folder: Path) -> tuple[int, int]:
    """(step, steps) of a task that writes progress.json; zeros before it does."""
    position = read_state(folder / PROGRESS) or {}
    return position.get("step", 0), position.get("steps", 0)
