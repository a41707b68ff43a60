"""Tasks whose children only write files, and what runs them and looks at what they left."""

import json
import time
from pathlib import Path

from reins.eval.io.run_paths import RunPaths
from reins.recipes.engine.execute import execute
from reins.recipes.engine.processes import process_group
from reins.recipes.plan.task import Task

CHILD = """
import json, os, pathlib, sys, time, yaml
from reins.eval.io.command import of_config
from reins.eval.io.errors import InputError, Stopped

def work(file):
    config, started = yaml.safe_load(file.read_text()), time.time()
    with open(file.parent / "begun", "a") as begun:
        begun.write(f"{os.getpid()}\\n")
    print(config.get("say", "a line of the log"), flush=True)
    until = time.monotonic() + 60
    while "wait_for" in config and not pathlib.Path(config["wait_for"]).exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(config.get("sleep", 0))
    if "refuse" in config:
        raise InputError(*config["refuse"])
    if "stop" in config:
        raise Stopped(config["stop"])
    if "crash" in config:
        ranks = int(os.environ.get("WORLD_SIZE", 1))  # they crash together
        while len((file.parent / "begun").read_text().split()) < ranks and time.monotonic() < until:
            time.sleep(0.02)
        raise RuntimeError(f"{config['crash']} of rank {os.environ.get('RANK')}")
    if "fail" in config:
        sys.exit(config["fail"])
    for part in config.get("parts", []):
        for step in config.get("steps", [""]):
            out = pathlib.Path(part["out"].replace("*", str(step)))
            out.mkdir(parents=True, exist_ok=True)
            (out / "origin").write_text(part["origin"])
    done = {"inputs": config["inputs"], "from": started, "to": time.time()}
    if "output" in config:
        done["output"] = config["output"]
    partial = file.parent / "partial"
    partial.write_text(json.dumps(done))
    partial.rename(file.parent / "done.json")

sys.exit(of_config(work, "child", None))
"""


def task(run_dir: Path, name: str, *needs: str, **config: object) -> Task:
    return Task(
        kind="train",
        name=name,
        folder=run_dir / "stages" / name,
        module="child",
        config=config,
        spec={"name": name, **config},
        needs=needs,
        amount=1,
        note="",
        env={"PYTHONPATH": str(run_dir.parent)},
    )


def go(run_dir: Path, *tasks: Task, slots: int = 2) -> dict[str, str]:
    with process_group(run_dir) as group:
        return execute({one.name: one for one in tasks}, RunPaths(run_dir), slots, group)


def begun(run_dir: Path, name: str) -> list[int]:
    """The process ids that the task had, one for every time it was started."""
    return [int(line) for line in (run_dir / "stages" / name / "begun").read_text().split()]


def done(run_dir: Path, name: str) -> dict[str, float]:
    return json.loads((run_dir / "stages" / name / "done.json").read_text())


def wait_for(found):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if (value := found()) is not None:
                return value
        except (FileNotFoundError, IndexError):
            pass
        time.sleep(0.05)
    raise AssertionError("waited too long")


def alive(process: int) -> bool:
    """Whether a process runs; a zombie that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
