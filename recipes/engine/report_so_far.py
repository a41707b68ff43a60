"""The report while a run is at work: written again as evaluations end, in a process of its own, and sparingly."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping

import yaml

from ...eval.io.errors import listed
from ...eval.io.failure import forget_failures, read_failure
from ...eval.io.files import read_state, write_text
from ...eval.io.run_paths import ANY_STEP, CONFIG, DONE, LOG, RunPaths, name_on_the_way
from ..plan.task import Task
from .done import finished
from .output_folders import report_folder
from .processes import start

SHARE = 0.02  # of the run's time on its slots: what the report may take, but for the first one
NAMED = 6  # evaluations that are missing, by name


class ReportSoFar:
    """Writes the report for the first evaluation that is done, then again as others end and there is time for it.

    `say` tells whoever looks on. What goes wrong with it is said, and stops nothing: the run's own report follows.
    """

    def __init__(
        self, tasks: Mapping[str, Task], run: RunPaths, slots: int, group: int, say: Callable[[str], None]
    ) -> None:
        self.run, self.slots, self.group, self.say = run, slots, group, say
        self.asked = {task.name: task for task in tasks.values() if task.kind == "evaluate"}
        self.process: subprocess.Popen[bytes] | None = None
        self.before = finished(tasks).keys()  # those that this run leaves alone too
        self.began, self.spent = time.monotonic(), 0.0
        self.reported: set[str] = set()
        if self.asked:
            say(f"{run.report / 'index.html'}: the report, from the first evaluation on")

    def look(self, done: Collection[str]) -> None:
        """Take note of a report that is written, and start another where there is more to report and time for it."""
        if self.process and self.process.poll() is not None:
            self._ended(self.process.returncode)
        ended = self.asked.keys() & {*self.before, *done}
        last = {name for name in ended if not self.asked[name].along}
        waits = self.process or ended == self.reported or ended == self.asked.keys()
        allowed = SHARE * self.slots * (time.monotonic() - self.began)
        if last and not waits and self.spent <= allowed:
            self._begin(ended)

    def end(self) -> None:
        """Leave the report to the run itself."""
        if self.process:
            self.process.terminate()
            self.process.wait()
            self._say_failure()
        if not read_failure(self.run.so_far):
            shutil.rmtree(self.run.so_far, ignore_errors=True)

    def _begin(self, ended: set[str]) -> None:
        made = report_folder(self.run)
        made.put_aside(self.run, "report", self.say)
        made.note.unlink(missing_ok=True)
        names = [self._label(self.asked[name]) for name in sorted(ended)]
        missing = [name.removeprefix("eval ") for name in self.asked if name not in ended]
        content = {
            "run": str(self.run.root),
            "done": names,
            "missing": f"{len(ended)} of {len(self.asked)} evaluations are in it; missing: {listed(missing, NAMED)}",
        }
        file = self.run.so_far / CONFIG
        write_text(file, yaml.safe_dump(content, sort_keys=False))
        (file.parent / DONE).unlink(missing_ok=True)
        forget_failures(file.parent)
        command = [sys.executable, "-m", "reins.eval.report.so_far", "--config", str(file)]
        self.process = start(command, {"OMP_NUM_THREADS": "1"}, file.parent / LOG, self.group)
        self.reported = set(ended)

    def _label(self, task: Task) -> str:
        return name_on_the_way(task.checkpoint, ANY_STEP) if task.along else task.checkpoint

    def _ended(self, status: int) -> None:
        self.process = None
        self.spent += (read_state(self.run.so_far / DONE) or {}).get("seconds", 0.0)
        if status and not self._say_failure():
            self.say(
                f"the report so far was not written (exit status {status}); its log is {self.run.so_far / LOG}"
            )

    def _say_failure(self) -> bool:
        """Say why a report could not be written, where its process left word."""
        failure = read_failure(self.run.so_far)
        if failure:
            self.say(f"the report so far was not written: {failure.what}; its log is {self.run.so_far / LOG}")
        return bool(failure)
