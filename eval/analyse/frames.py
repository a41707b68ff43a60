"""A run as pandas data frames, for the questions that its report does not ask."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ..io.errors import InputError, nearest
from ..io.files import read_state
from ..io.jsonl import iter_jsonl
from ..io.run_paths import unconstrained
from ..score.measure import Entry
from ..score.scores import Score, read_scores
from .run_folder import Arm, RunFolder

FLAGS = ("hacc", "correct", "reasoned", "cut", "first_hacc", "same")
COUNTS = ("reasoning_tokens", "answer_tokens", "calls", "prompt_tokens", "drawn_tokens", "seed")
KEY = ["checkpoint", "set", "mode", "constrained", "row", "sample"]  # what names a sample in every frame


def load_run(folder: str | Path) -> "Run":
    """The run in a folder such as `runs/micro`; its frames are read when they are first asked for.

    Raises InputError on a folder that is no run or holds no scores yet.
    """
    return Run(folder)


class Run:
    """A run's frames. `samples` and `verdicts` are there as soon as an arm is scored, the rest once the run has a report.

    `constrained` is False for the same problems asked without their constraints. A value that is not known is missing,
    never False or 0. Frames of samples go together by `checkpoint`, `set`, `mode`, `constrained`, `row` and `sample`.
    """

    def __init__(self, folder: str | Path) -> None:
        self._run = RunFolder(folder)
        self.recipe: dict[str, Any] = self._run.recipe

    def table(self, name: str) -> pd.DataFrame:
        """A list of results.json, as `contrasts` or `along` (docs/results.md), a line an entry.

        Where entries are of groups, `group` becomes two columns, `group_by` and `group_value`; both are missing where
        an entry is of all samples. Raises InputError without a report, and on a name that it does not have.
        """
        lists = {key: value for key, value in self._results.items() if isinstance(value, list)}
        if name not in lists:
            raise InputError(name, "no list of results.json", nearest(name, lists))
        return pd.DataFrame([_ungrouped(entry) for entry in lists[name]])

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Every figure with its interval and n: one line a set, mode, arm, seed, metric and group."""
        return self.table("figures")

    @cached_property
    def samples(self) -> pd.DataFrame:
        """One line a sample of an arm's last checkpoint: how it ended, how long it is, what it scores, of which problem."""
        lines = [key | self._sample(key, score) for key, score in self._scores]
        frame = pd.DataFrame(lines)
        kinds = dict.fromkeys(FLAGS, "boolean") | dict.fromkeys(COUNTS, "Int64")
        return frame.astype({name: kind for name, kind in kinds.items() if name in frame})

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """One line a constraint of a sample: its `type` (`keywords:existence`) and whether it `holds`."""
        return pd.DataFrame(
            key
            | {"row": score.row, "sample": score.sample, "constraint": index, "type": kind, "holds": holds}
            for key, score in self._scores
            for index, (kind, holds) in enumerate(zip(self._types(key, score), score.verdicts, strict=True))
        )

    @cached_property
    def responses(self) -> pd.DataFrame:
        """One line a sample: its whole `text`, reasoning and answer. Large where replies are long."""
        return pd.DataFrame(
            key | {name: line[name] for name in ("row", "sample", "text")}
            for key, folder in self._evaluations()
            for _, line in iter_jsonl(folder / "responses.jsonl")
        )

    @cached_property
    def _results(self) -> Entry:
        if not (results := read_state(self._run.paths.results)):
            raise InputError(self._run.paths.results, "not there, or cannot be read", "finish the run first")
        return results

    @cached_property
    def _scores(self) -> list[tuple[Entry, Score]]:
        return [
            (key, score)
            for key, folder in self._evaluations()
            for score in read_scores(folder / "scores.jsonl")
        ]

    def _evaluations(self) -> Iterator[tuple[Entry, Path]]:
        """What every scored evaluation of an arm's last checkpoint is of, and its folder."""
        for arm in self._run.arms:
            for name in self._run.evaluate:
                for mode in self._run.modes(arm, name):
                    for constrained in (True, False):
                        label = name if constrained else unconstrained(name)
                        folder = self._run.directory(arm.checkpoint, label, mode)
                        if (folder / "scores.jsonl").exists():
                            yield _key(arm, name, mode, constrained), folder

    def _sample(self, key: Entry, score: Score) -> Entry:
        rows = self._run.row_sets[key["set"]]
        row = rows.rows[rows.position[score.row]]
        line = score.line()
        del line["verdicts"]
        line.pop("loose", None)
        if score.first:
            del line["first"]
            line |= {"first_hacc": score.first.hacc, "same": score.first.same}
        return line | {
            "problem_id": row.problem_id,
            "source": row.source,
            "n_constraints": len(row.constraints),
        }

    def _types(self, key: Entry, score: Score) -> list[str]:
        rows = self._run.row_sets[key["set"]]
        return rows.types[rows.position[score.row]]


def _key(arm: Arm, name: str, mode: str, constrained: bool) -> Entry:
    of_arm = {"arm": arm.name, "role": arm.role, "seed": arm.seed, "checkpoint": arm.checkpoint}
    return of_arm | {"set": name, "mode": mode, "constrained": constrained}


def _ungrouped(entry: Entry) -> Entry:
    if "group" not in entry:
        return entry
    group = entry["group"] or {"by": None, "value": None}
    rest = {key: value for key, value in entry.items() if key != "group"}
    return rest | {"group_by": group["by"], "group_value": group["value"]}
