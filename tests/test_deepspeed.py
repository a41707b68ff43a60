"""ZeRO-2 and ZeRO-3 by the recipes' own launch files, on two CPU ranks: what one process learns, and a kill in between.

Of the files only the number of processes and the precision are changed, as a command line may. The first launch on a
machine compiles DeepSpeed's operator for CPUs.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from stages import launch, lines, make_stage, train, weights

ON_TWO_CPUS = ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
ARGS = {"max_steps": 20, "save_steps": 4}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("deepspeed"), reason="reins[deepspeed] is not installed"),
    pytest.mark.skipif(not shutil.which("g++"), reason="no g++, by which DeepSpeed compiles its operators"),
]


def losses(out: Path) -> torch.Tensor:
    return torch.tensor([entry["loss"] for entry in lines(out / "log.jsonl") if "loss" in entry])


def kill(config: Path) -> None:
    """Launcher and ranks, which are in sessions of their own."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], check=True, capture_output=True, text=True).stdout
    for number in (line.split()[0] for line in listed.splitlines() if str(config) in line):
        os.kill(int(number), signal.SIGKILL)


@pytest.mark.parametrize("name", ["zero2", "zero3"])
def test_in_parts_and_killed_it_learns_what_one_process_does(name: str, base: Path, tmp_path: Path) -> None:
    whole = train(make_stage(tmp_path / "whole" / "sft", base, "sft", ARGS))
    halves = {**ARGS, "per_device_train_batch_size": 2}
    config = make_stage(tmp_path / name / "sft", base, "sft", halves, world_size=2, wrapper=name)
    out, child = config.parent, launch(config, f"{name}.yaml", options=ON_TWO_CPUS)
    while not (out / "checkpoint-4" / "whole.json").exists():
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.01)
    kill(config)
    child.communicate()
    assert not (out / "done.json").exists()
    child = launch(config, f"{name}.yaml", options=ON_TWO_CPUS)
    text, _ = child.communicate()
    assert child.returncode == 0 and f"goes on from {out}/checkpoint-" in text, text
    assert torch.allclose(losses(out), losses(whole), atol=1e-5), (losses(out), losses(whole))
    ours, theirs, before = weights(out), weights(whole), load_file(base / "model.safetensors")
    for key, weight in theirs.items():
        assert torch.allclose(ours[key], weight, atol=1e-5), (key, (ours[key] - weight).abs().max())
        assert (weight - before[key]).abs().max() > 1e-3, key
