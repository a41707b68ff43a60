"""Two processes are two, and are what the config promises."""

import json

import pytest
import torch
from stages import launch, lines, make_stage, refused, train, weights


@pytest.mark.slow
def test_two_processes_are_two(base, tmp_path):
    """Two ranks of batch 2 learn what one of batch 4 does; a config that promises another number is refused."""
    one = train(make_stage(tmp_path / "one", base, "sft"))
    config = make_stage(
        tmp_path / "two", base, "sft", {"per_device_train_batch_size": 2}, world_size=2, wrapper="ddp"
    )
    child = launch(config, "cpu_ddp.yaml")
    text, _ = child.communicate()
    assert child.returncode == 0, text
    ours, theirs = weights(config.parent), weights(one)
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-5) for key in ours)
    done, also = (json.loads((out / "done.json").read_text()) for out in (one, config.parent))
    apart = {"stage": "", "output": ""}  # of other settings, and of weights that differ in their last bits
    assert done | apart == also | apart
    config = make_stage(tmp_path / "rl", base, "grpo", {"per_device_train_batch_size": 32}, world_size=2)
    child = launch(config, "cpu_ddp.yaml", "grpo")
    text, _ = child.communicate()
    assert child.returncode == 0, text
    logged = lines(config.parent / "log.jsonl")[-1]
    assert logged["step"] == 6 and logged["grad_norm"] > 0
    child = launch(config)
    text, _ = child.communicate()
    assert child.returncode and "error: " in text and "run it by reins.train.grpo" in text


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"ACCELERATE_USE_CPU": "true"}, {}])
def test_an_fsdp_file_without_gpus_is_not_believed(env, base, tmp_path):
    """accelerate makes DDP of it and does not say so."""
    args = {"per_device_train_batch_size": 2, "max_steps": 1}
    config = make_stage(tmp_path / "sft", base, "sft", args, world_size=2, wrapper="fsdp2")
    options = ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
    child = launch(config, "fsdp2.yaml", options=options, env=env)
    text, _ = child.communicate()
    assert child.returncode and "wrapper: fsdp2, but accelerate made it ddp" in text, text
    assert not (config.parent / "done.json").exists()


def test_a_wrapper_that_was_not_promised_is_refused(base, tmp_path):
    message = refused(make_stage(tmp_path / "sft", base, "sft", wrapper="zero3"))
    assert "config.yaml: wrapper: zero3, but accelerate made it none" in message
    train(make_stage(tmp_path / "plain", base, "sft", {"max_steps": 1}, wrapper="none"))
