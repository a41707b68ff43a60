"""What a run says while it works: a line per task started and done, and how far the running ones are."""

import sys
import time
from collections.abc import Mapping
from typing import Self

from ...eval.io.terminal import shown
from ..plan.task import Task
from .bars import Bar, Bars
from .pace import Pace, clock, position

EVERY = 10.0  # seconds between lines that say how far it is, where no terminal shows bars
DRAWN = 0.5  # seconds between two looks at how far the bars are


class Progress:
    """Times tasks as they start and end; while it is entered, a terminal shows a bar for each and one for all."""

    def __init__(self, tasks: Mapping[str, Task], done: int, slots: int) -> None:
        self.waiting = dict(tasks)
        self.total, self.done, self.slots = done + len(tasks), done, slots
        self.cost = sum(task.cost for task in tasks.values())
        self.running: dict[str, float] = {}
        self.first: dict[str, tuple[float, int]] = {}
        self.pace = Pace()
        self.began = self.said = time.monotonic()
        self.bars = Bars() if sys.stdout.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars:
            self.bars.close()

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
        self.pace.ended(task, seconds)
        self.say(f"{task.name}: done in {clock(seconds)}{self._left()}")

    def failed(self, task: Task, why: str) -> None:
        del self.running[task.name], self.waiting[task.name]
        self.say(why)
        if self.running:
            self.say(
                f"let end: {', '.join(sorted(self.running))}; nothing more is started (Ctrl-C ends these too)"
            )

    def say(self, text: str) -> None:
        """One line that stays."""
        line = f"[{self.done}/{self.total}] {clock(time.monotonic() - self.began)}  {shown(text)}"
        if self.bars:
            self.bars.say(line)
        else:
            print(line, flush=True)

    def tick(self) -> None:
        """Where the running tasks are: bars on a terminal, else a line now and then."""
        if not self.running or time.monotonic() - self.said < (DRAWN if self.bars else EVERY):
            return
        self.said = time.monotonic()
        if self.bars:
            self.bars.draw([self._bar(self.waiting[name]) for name in self.running], self._overall())
        else:
            parts = [f"{name}: {self._position(self.waiting[name])}" for name in self.running]
            self.say("; ".join(parts) + self._left())

    def _bar(self, task: Task) -> Bar:
        step, steps = position(task.folder)
        return Bar(shown(task.name), step / steps if steps else None, self._position(task))

    def _overall(self) -> Bar:
        left = sum(task.cost * (1 - self._share(task)) for task in self.waiting.values())
        said = f"{self.done}/{self.total} tasks{self._left()}"
        return Bar("all", 1 - left / self.cost if self.cost else 1.0, said)

    def _share(self, task: Task) -> float:
        step, steps = position(task.folder) if task.name in self.running else (0, 0)
        return step / steps if steps else 0.0

    def _position(self, task: Task) -> str:
        step, steps = position(task.folder)
        return f"{step}/{steps}" if steps else clock(time.monotonic() - self.running[task.name])

    def _left(self) -> str:
        left = {name: self._task_left(task) for name, task in self.waiting.items()}
        known = {name: seconds for name, seconds in left.items() if seconds is not None}
        if not left or len(known) < len(left):
            return ""
        return f", about {clock(self.pace.of_all(self.waiting, known, self.slots))} left"

    def _task_left(self, task: Task) -> float | None:
        """Seconds: by its own steps since they were first seen, else by the pace of others."""
        if task.name not in self.running:
            return self.pace.of_task(task)
        now, (step, _) = time.monotonic(), position(task.folder)
        then, first = self.first.setdefault(task.name, (now, step))
        per_step = (now - then) / (step - first) if step > first else 0.0
        return self.pace.of_task(task, now - self.running[task.name], per_step)
