"""ZeRO-2 and ZeRO-3 by the recipes' own launch files, on two CPU ranks: what one process learns, and a stage cut off.

Of the files only the number of processes and the precision are changed, as a command line may. The first launch on a
machine compiles DeepSpeed's operator for CPUs.
"""

import importlib.util
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from stages import launch, lines, make_stage, train, weights

ON_TWO_CPUS = ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("deepspeed"), reason="reins[deepspeed] is not installed"),
    pytest.mark.skipif(not shutil.which("g++"), reason="no g++, by which DeepSpeed compiles its operators"),
]


def train_in_parts(config: Path, name: str) -> str:
    child = launch(config, f"{name}.yaml", options=ON_TWO_CPUS)
    text, _ = child.communicate()
    assert child.returncode == 0, text
    return text


def losses(out: Path) -> torch.Tensor:
    return torch.tensor([entry["loss"] for entry in lines(out / "log.jsonl") if "loss" in entry])


def assert_alike(out: Path, whole: Path) -> None:
    assert torch.allclose(losses(out), losses(whole), atol=1e-5), (losses(out), losses(whole))
    ours, theirs = weights(out), weights(whole)
    copies = ours.keys() - theirs.keys()  # DeepSpeed writes what is tied twice
    assert all(torch.equal(ours[key], ours["model.embed_tokens.weight"]) for key in copies), copies
    apart = {key: float((ours[key] - weight).abs().max()) for key, weight in theirs.items()}
    assert max(apart.values()) < 1e-5, apart


@pytest.mark.parametrize("name", ["zero2", "zero3"])
def test_in_parts_it_learns_what_one_process_does_and_goes_on_from_its_checkpoint(
    name: str, base: Path, tmp_path: Path
) -> None:
    whole = train(make_stage(tmp_path / "whole" / "sft", base, "sft"))
    learned = {
        key: weight - weights(whole)[key] for key, weight in load_file(base / "model.safetensors").items()
    }
    assert min(float(change.abs().max()) for change in learned.values()) > 1e-3
    halves = {"per_device_train_batch_size": 2}
    config = make_stage(tmp_path / name / "sft", base, "sft", halves, world_size=2, wrapper=name)
    out = config.parent
    train_in_parts(config, name)
    assert_alike(out, whole)
    shutil.rmtree(out / "final")  # killed after its first checkpoint
    (out / "done.json").unlink()
    (out / "checkpoint-4" / "whole.json").unlink()
    assert f"goes on from {out}/checkpoint-2" in train_in_parts(config, name)
    assert len(losses(out)) == 6
    assert_alike(out, whole)
