"""The tasks of a recipe: sets built, the base's answers to one, stages trained, their last checkpoints and those along
the way evaluated, and models as they are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..recipe.files import locate
from ..recipe.launch_files import wrapper
from ..recipe.resolve import is_hub_id, is_reference, references
from ..recipe.schema import AnswersSet, BuiltSet, Evaluation, Recipe, Sampling, Stage
from ..recipe.yaml_file import read_yaml
from . import fingerprint
from .estimate import added_rows, checkpoints, saved, steps, tokens
from .outcome import code
from .task import BUILD, Part, Task, checkpoint


class Tasks:
    """Makes the tasks of one recipe in one run folder."""

    def __init__(self, recipe: Recipe, run: Path) -> None:
        self.recipe, self.run = recipe, run
        self.base, self.base_hash = self._opened(recipe.base) if recipe.base else ("", "")
        self.base_size = sum(file.stat().st_size for file in Path(self.base or "-").glob("*.safetensors"))
        self.env = {"OMP_NUM_THREADS": str(recipe.launch.threads), "TOKENIZERS_PARALLELISM": "false"}

    def _opened(self, model: str) -> tuple[str, str]:
        """Where a model is, and the hash of its files; of one on the hub, its id."""
        if is_hub_id(model):
            return model, model
        folder = locate(model)
        return str(folder), fingerprint.of_files(fingerprint.model_files(folder))

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
            spec=spec | {"code": code("set")},
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
        """The base's own answers to the set that `name` is made `of`."""
        given = self.recipe.data[name]
        assert isinstance(given, AnswersSet)
        asked = {
            "label": given.of,
            "mode": given.mode,
            "with_constraints": given.constraints,
            **_sampling(given),
        }
        folder = self.run / "answers" / name
        part = Part(folder, asked, f"data {given.of}")
        return self._ask(f"answers {name}", folder, self.base, self.base_hash, given.seed, [part])

    def evaluation(self, stages: Sequence[str], seed: int) -> Task:
        """Every set of `evaluate`, in every mode and also without constraints, asked of one checkpoint."""
        name, trained = checkpoint(stages, seed), [f"stage {checkpoint(stages, seed)}"] if stages else []
        return self._evaluation(name, self.model(stages, seed), self.base_hash, seed, trained)

    def of_model(self, name: str) -> Task:
        """The same of a model that is evaluated as it is."""
        model, hashed = self._opened(self.recipe.models[name])
        return self._evaluation(name, model, hashed, self.recipe.seeds[0], [])

    def _evaluation(self, name: str, model: str, hashed: str, seed: int, trained: Sequence[str]) -> Task:
        folder = self.run / "evals" / name
        parts = [
            Part(folder / f"{label}.{mode}", _asked(label, mode, one, full), f"data {of}")
            for of, one in self.recipe.evaluate.items()
            for label, full in [(of, True), (f"{of}-plain", False)][: 1 + one.plain]
            for mode in one.modes
        ]
        return self._ask(f"eval {name}", folder, model, hashed, seed, parts, trained)

    def along(self, stages: Sequence[str], seed: int, row_tokens: float | None) -> Task | None:
        """The sets that want them, asked of the checkpoints that a stage saves before its last; None if none does."""
        name, stage = checkpoint(stages, seed), self.recipe.stages[stages[-1]]
        on_the_way = saved(stage, steps(stage, self.recipe.launch.processes, row_tokens))
        wanted = {
            of: on_the_way if one.checkpoints == "all" else sorted({*on_the_way} & {*one.checkpoints})
            for of, one in self.recipe.evaluate.items()
        }
        parts = [
            Part(
                self.run / "evals" / f"{name}@*" / f"{of}.{one.modes[0]}",
                _asked(of, one.modes[0], one, True),
                f"data {of}",
                one.checkpoints,
            )
            for of, one in self.recipe.evaluate.items()
            if wanted[of]
        ]
        if not parts:
            return None
        folder, trained = self.run / "along" / name, self.run / "stages" / name
        task = self._ask(
            f"eval {name} along", folder, str(trained), self.base_hash, seed, parts, [f"stage {name}"]
        )
        samples = [
            (len(wanted[part.spec["label"]]) * self._samples(part), part.spec["max_new_tokens"])
            for part in parts
        ]
        count = len({step for one in wanted.values() for step in one})
        most = sum(number * length for number, length in samples)
        note = f"{count} checkpoint(s), {sum(number for number, _ in samples):,} samples, at most {most:,} tokens"
        return replace(task, along=trained, tokens=most, note=note)

    def _samples(self, part: Part) -> int:
        return (self.recipe.data[part.needs.removeprefix("data ")].rows or 0) * part.spec["samples"]

    def _ask(
        self,
        name: str,
        folder: Path,
        model: str,
        hashed: str,
        seed: int,
        parts: Sequence[Part],
        trained: Sequence[str] = (),
    ) -> Task:
        recipe = self.recipe
        launch = recipe.launch
        common = {"seed": seed, "preset": recipe.preset, "engine": launch.engine, "threads": launch.threads}
        sets = [
            {"rows": self.rows(part.needs.removeprefix("data ")), "out": str(part.folder), **part.spec}
            for part in parts
        ]
        most = sum(self._samples(part) * part.spec["max_new_tokens"] for part in parts)
        return Task(
            name=name,
            folder=folder,
            module="reins.eval.run",
            config={"model": model, **common, "world_size": 1, "sets": sets},
            spec={**common, "base": hashed, "code": code(launch.engine)},
            needs=(*dict.fromkeys(part.needs for part in parts), *trained),
            tokens=most,
            judge=code("judge"),
            note=f"{sum(map(self._samples, parts)):,} samples, at most {most:,} tokens",
            env=self.env,
            parts=tuple(parts),
        )

    def stage(self, stages: Sequence[str], seed: int, row_tokens: float | None) -> Task:
        """The last of these stages, trained from the checkpoint before it on rows of about `row_tokens` tokens."""
        recipe, stage, name = self.recipe, self.recipe.stages[stages[-1]], checkpoint(stages, seed)
        launch, file = recipe.launch, locate(recipe.launch.accelerate)
        machines = read_yaml(file).get("num_machines", 1)
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
                "stage": _decides(stage),
                "order": [*stage.data, *stage.add],
                "seed": seed,
                "preset": recipe.preset,
                "base": self.base_hash,
                "launch": [fingerprint.of_file(file), launch.processes, launch.threads],
                "code": [code(stage.trainer), code("mixture")],
            },
            needs=(*before, *(f"data {one}" for one in used)),
            note=f"{(stage.rows or 0) + added_rows(stage)} rows, {updates} steps, {how} {count:,} tokens",
            tokens=count,
            disk=self.base_size * (1 + 3 * checkpoints(stage, updates)),
            launch=("-m", "accelerate.commands.launch", *_accelerate(file, launch.processes, machines)),
            processes=launch.processes,
            machines=machines,
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
            **({"lora": stage.lora} if stage.lora is not None else {}),
            "args": {**stage.args, **_template(stage), "output_dir": folder, "seed": seed, "data_seed": seed},
            "world_size": recipe.launch.processes,
            "wrapper": wrapper(locate(recipe.launch.accelerate)),
            "threads": recipe.launch.threads,
            "track": track.model_dump()
            | {"group": recipe.name, "job_type": stage.trainer, "name": f"{recipe.name}-{name}"}
            | {"tags": [".".join(stages), f"s{seed}"]},
        }


def _template(stage: Stage) -> dict[str, str]:
    """Where the template that a stage's `args` may name is: it can be one that ships with the package."""
    given = stage.args.get("chat_template_path")
    return {"chat_template_path": str(locate(given))} if given else {}


def _decides(stage: Stage) -> dict[str, Any]:
    """What a stage's weights depend on: of a template its contents, wherever it is."""
    given = {key: value for key, value in stage.model_dump(mode="json").items() if value is not None}
    contents = {key: fingerprint.of_file(Path(path)) for key, path in _template(stage).items()}
    return given | {"args": given["args"] | contents}


def _asked(label: str, mode: str, one: Evaluation, with_constraints: bool) -> dict[str, Any]:
    return {"label": label, "mode": mode, "with_constraints": with_constraints, **_sampling(one)}


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


def _accelerate(file: Path, processes: int, machines: int) -> list[str]:
    """Two launches side by side must not meet on one port, so several processes take a free one."""
    port = ["--main_process_port", "0"] if processes > 1 else []
    if machines > 1:
        port = ["--machine_rank", "$SLURM_NODEID", "--main_process_ip", "$MASTER_ADDR"]
        port += ["--main_process_port", "$MASTER_PORT"]
    return ["--config_file", str(file), "--num_processes", str(processes), *port]
