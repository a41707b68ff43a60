"""The four kinds of task: a set built, the base's answers to one, a stage trained, a checkpoint evaluated.

A task is one command that reads one config.yaml, so that anyone can run it again by hand. What goes in is one hash
over its part of the recipe (paths left out, so a run folder may be moved), versions, and the outputs it needs.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import fingerprint
from .checks import is_hub_id, is_reference, references
from .estimate import added_rows, checkpoints, steps, tokens
from .files import locate
from .schema import AnswersSet, BuiltSet, Recipe, Sampling, read_yaml

BUILD = "reins.recipes.build"
# What a token costs beside a trained one, for the order of tasks and the time left: generating one takes longer.
WEIGHTS = {BUILD: 0.1, "reins.train.sft": 1.0, "reins.train.grpo": 4.0, "reins.eval.run": 3.0}


@dataclass(frozen=True)
class Task:
    """One command, `python … -m module --config folder/config.yaml`, and what goes in.

    `config` becomes config.yaml, with `inputs`, the hash of what goes in, added. `spec` is hashed with the outputs
    of the tasks in `needs`; `judge` goes in too, but another judge only needs the samples judged again. `mixture`
    says how a stage's rows are drawn, `tokens` (of a set: rows) and `note` how much there is to do, `disk` about how
    many bytes that leaves.
    """

    name: str
    folder: Path
    module: str
    config: Mapping[str, Any]
    spec: Mapping[str, Any]
    needs: tuple[str, ...]
    tokens: int
    note: str
    launch: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mixture: Mapping[str, Any] | None = None
    judge: str = ""
    disk: int = 0

    @property
    def cost(self) -> float:
        """What the task takes, in trained tokens."""
        return max(self.tokens, 1) * WEIGHTS.get(self.module, 1.0)

    @property
    def command(self) -> list[str]:
        """What is run, from the folder that `reins` was started in."""
        return [_python(), *self.launch, "-m", self.module, "--config", str(self.folder / "config.yaml")]


def shell(command: Sequence[str], env: Mapping[str, str]) -> str:
    """A command as one line of shell."""
    return " ".join([*(f"{key}={value}" for key, value in env.items()), shlex.join(command)])


def checkpoint(stages: Sequence[str], seed: int) -> str:
    """`base`, `sft-s0`, `sft.rl-s0`: the folder of a checkpoint under stages/ and evals/."""
    return f"{'.'.join(stages)}-s{seed}" if stages else "base"


class Tasks:
    """Makes the tasks of one recipe in one run folder."""

    def __init__(self, recipe: Recipe, run: Path) -> None:
        self.recipe, self.run = recipe, run
        hub = is_hub_id(recipe.base)
        self.base = recipe.base if hub else str(locate(recipe.base))
        files = [] if hub or not recipe.base else fingerprint.model_files(Path(self.base))
        self.base_hash = fingerprint.of_files(files) if files else recipe.base
        self.base_size = sum(file.stat().st_size for file in files if file.suffix == ".safetensors")
        self.env = {"OMP_NUM_THREADS": str(recipe.launch.threads), "TOKENIZERS_PARALLELISM": "false"}

    def rows(self, name: str) -> str:
        return str(self.run / "data" / name / "rows.jsonl")

    def model(self, stages: Sequence[str], seed: int) -> str:
        return str(self.run / "stages" / checkpoint(stages, seed) / "final") if stages else self.base

    def data(self, name: str) -> Task:
        """A set, built by `recipes.build` in a process of its own."""
        given = self.recipe.data[name]
        content = given.model_dump(mode="json")
        spec: dict[str, Any] = {"set": content, "files": _files(content)}
        if isinstance(given, BuiltSet):
            spec |= {"sources": fingerprint.of_sources("data_builders", "eval/verify")}
            content = {
                "builder": given.builder,
                "rows": given.rows,
                "seed": given.seed,
                "args": self._args(name),
            }
        return Task(
            name=f"data {name}",
            folder=self.run / "data" / name,
            module=BUILD,
            config={"set": name, **content},
            spec=spec | {"versions": fingerprint.versions(fingerprint.DATA)},
            needs=tuple(f"data {other}" for other in references(self.recipe, name))
            + ((f"answers {name}",) if isinstance(given, AnswersSet) else ()),
            tokens=given.rows or 0,
            note=f"{given.rows or 'all'} rows",
            env=self.env,
        )

    def _args(self, name: str) -> dict[str, Any]:
        given = self.recipe.data[name]
        assert isinstance(given, BuiltSet)
        args = {key: self.rows(v["set"]) if is_reference(v) else v for key, v in given.args.items()}
        if isinstance(given, AnswersSet):
            responses = self.run / "answers" / name / "responses.jsonl"
            args |= {"source_rows": self.rows(given.of), "responses": str(responses)}
        return args

    def answers(self, name: str) -> Task:
        """The base's own answers to the set that `name` is made `of`, asked without constraints."""
        given = self.recipe.data[name]
        assert isinstance(given, AnswersSet)
        asked = {"label": given.of, "mode": given.mode, "with_constraints": False, **_sampling(given)}
        folder = self.run / "answers" / name
        return self._ask(f"answers {name}", folder, self.base, given.seed, [(given.of, folder, asked)], ())

    def evaluation(self, stages: Sequence[str], seed: int) -> Task:
        """Every set of `evaluate`, in every mode and also without constraints, asked of one checkpoint."""
        folder = self.run / "evals" / checkpoint(stages, seed)
        asked = [
            (
                name,
                folder / f"{label}.{mode}",
                {"label": label, "mode": mode, "with_constraints": full, **_sampling(one)},
            )
            for name, one in self.recipe.evaluate.items()
            for label, full in [(name, True), (f"{name}-plain", False)][: 1 + one.plain]
            for mode in one.modes
        ]
        trained = (f"stage {checkpoint(stages, seed)}",) if stages else ()
        return self._ask(
            f"eval {checkpoint(stages, seed)}", folder, self.model(stages, seed), seed, asked, trained
        )

    def _ask(
        self,
        name: str,
        folder: Path,
        model: str,
        seed: int,
        asked: Sequence[tuple[str, Path, dict[str, Any]]],
        trained: tuple[str, ...],
    ) -> Task:
        recipe = self.recipe
        common = {"seed": seed, "preset": recipe.preset, "threads": recipe.launch.threads}
        sets = [{"rows": self.rows(of), "out": str(out), **one} for of, out, one in asked]
        versions = fingerprint.versions(fingerprint.EVAL)
        samples = [
            ((recipe.data[of].rows or 0) * one["samples"], one["max_new_tokens"]) for of, _, one in asked
        ]
        most = sum(count * tokens for count, tokens in samples)
        return Task(
            name=name,
            folder=folder,
            module="reins.eval.run",
            config={"model": model, **common, "sets": sets},
            spec={**common, "sets": [one for *_, one in asked], "base": self.base_hash, "versions": versions},
            needs=(*dict.fromkeys(f"data {of}" for of, *_ in asked), *trained),
            tokens=most,
            judge=fingerprint.of_sources("eval/verify", "eval/score.py"),
            note=f"{sum(count for count, _ in samples):,} samples, at most {most:,} tokens",
            env=self.env,
        )

    def stage(self, stages: Sequence[str], seed: int, row_tokens: float | None) -> Task:
        """The last of these stages, trained from the checkpoint before it on rows of about `row_tokens` tokens."""
        recipe, stage, name = self.recipe, self.recipe.stages[stages[-1]], checkpoint(stages, seed)
        launch, file = recipe.launch, locate(recipe.launch.accelerate)
        count, how = tokens(stage, launch.processes, row_tokens)
        updates = steps(stage, launch.processes, row_tokens)
        used = [one for one, share in {**stage.data, **stage.add}.items() if share]
        before = (f"stage {checkpoint(stages[:-1], seed)}",) if stages[:-1] else ()
        return Task(
            name=f"stage {name}",
            folder=self.run / "stages" / name,
            module=f"reins.train.{stage.trainer}",
            config=self._stage_config(stages, seed),
            spec={
                "stage": stage.model_dump(mode="json"),
                "order": [*stage.data, *stage.add],
                "seed": seed,
                "preset": recipe.preset,
                "base": self.base_hash,
                "launch": [fingerprint.of_file(file), launch.processes, launch.threads],
                "versions": fingerprint.versions(fingerprint.TRAIN),
            },
            needs=(*before, *(f"data {one}" for one in used)),
            note=f"{(stage.rows or 0) + added_rows(stage)} rows, {updates} steps, {how} {count:,} tokens",
            tokens=count,
            disk=self.base_size * (1 + 3 * checkpoints(stage, updates)),
            launch=("-m", "accelerate.commands.launch", *_accelerate(file, launch.processes)),
            env=self.env | ({"ACCELERATE_USE_CPU": "true"} if read_yaml(file).get("use_cpu") else {}),
            mixture={
                "trainer": stage.trainer,
                "sets": {one: Path(self.rows(one)) for one in used},
                "shares": {one: share for one, share in stage.data.items() if share},
                "add": stage.add,
                "rows": stage.rows,
                "seed": seed,
                "preset": recipe.preset,
            },
        )

    def _stage_config(self, stages: Sequence[str], seed: int) -> dict[str, Any]:
        recipe, stage, name = self.recipe, self.recipe.stages[stages[-1]], checkpoint(stages, seed)
        folder, track = str(self.run / "stages" / name), recipe.track
        return {
            "trainer": stage.trainer,
            "model": self.model(stages[:-1], seed),
            "rows": f"{folder}/rows.jsonl",
            "out": folder,
            "rewards": stage.rewards,
            "args": {**stage.args, "output_dir": folder, "seed": seed, "data_seed": seed},
            "world_size": recipe.launch.processes,
            "threads": recipe.launch.threads,
            "track": track.model_dump()
            | {"group": recipe.name, "job_type": stage.trainer, "name": f"{recipe.name}-{name}"}
            | {"tags": [".".join(stages), f"s{seed}"]},
        }


def _sampling(given: Sampling) -> dict[str, Any]:
    return {key: getattr(given, key) for key in Sampling.model_fields}


def _files(content: Any) -> dict[str, str]:
    """Hashes of the files and folders that a set's arguments name, so that changed contents are a changed set."""
    if isinstance(content, dict | list):
        parts = content.values() if isinstance(content, dict) else content
        return {name: hashed for part in parts for name, hashed in _files(part).items()}
    if isinstance(content, str) and "/" in content and Path(content).is_dir():
        return {
            content: fingerprint.of_files(sorted(one for one in Path(content).rglob("*") if one.is_file()))
        }
    return (
        {content: fingerprint.of_file(Path(content))}
        if isinstance(content, str) and Path(content).is_file()
        else {}
    )


def _accelerate(file: Path, processes: int) -> list[str]:
    """Two launches side by side must not meet on one port, so several processes take a free one."""
    port = ["--main_process_port", "0"] if processes > 1 else []
    return ["--config_file", str(file), "--num_processes", str(processes), *port]


def _python() -> str:
    """This interpreter, from the current folder where it lies within: a clone may be moved."""
    here, python = Path.cwd(), Path(sys.executable)
    return os.path.relpath(python, here) if python.is_relative_to(here) else str(python)
