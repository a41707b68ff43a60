"""A stage that was killed, or lost a part of a checkpoint, goes on from the last good one and ends in the same bits."""

import errno
import json
import os
import shutil
from types import SimpleNamespace

import pytest
import torch
import wandb
from safetensors.torch import load_file, save_file
from stages import kill_after, launch, make_stage, refused, same, steady, train, weights
from transformers import LlamaForCausalLM

from reins.train.checkpoints import last_whole, mark_whole, remove_broken
from reins.train.guards import Stopped
from reins.train.stage import read_stage

CUT = {  # in the first two, the checkpoint gone on from lies within the second epoch
    "sft": ("sft", {"per_device_train_batch_size": 8}),
    "grpo": ("grpo", {"per_device_train_batch_size": 32}),
    "packed": ("sft", {"packing": True, "max_length": 256, "per_device_train_batch_size": 1}),
    "grpo_two_updates": (
        "grpo",
        {"per_device_train_batch_size": 8, "num_iterations": 2, "gradient_accumulation_steps": 1},
    ),
}


@pytest.mark.parametrize("kind", CUT)
def test_a_stage_cut_off_at_any_moment_ends_in_the_same_bits(kind, base, tmp_path):
    trainer, args = CUT[kind][0], {"max_steps": 8, **CUT[kind][1]}
    whole = train(make_stage(tmp_path / "a" / "stage", base, trainer, args), trainer)
    config = make_stage(tmp_path / "b" / "stage", base, trainer, args)
    again = train(config, trainer)
    shutil.rmtree(again / "final")
    (again / "done.json").unlink()
    (again / "checkpoint-6" / "whole.json").unlink()  # killed amid the third save
    (again / "checkpoint-6" / "optimizer.pt").write_bytes(b"half")
    assert last_whole(again) == again / "checkpoint-4"
    train(config, trainer)
    assert same(weights(whole), weights(again))
    assert not same(weights(whole), load_file(base / "model.safetensors"))
    assert steady(whole / "log.jsonl") == steady(again / "log.jsonl")
    assert (whole / "done.json").read_text() == (again / "done.json").read_text()


def test_a_checkpoint_that_lost_a_file_is_not_used(base, tmp_path):
    out = train(make_stage(tmp_path / "sft", base, "sft"))
    assert last_whole(out) == out / "checkpoint-4"
    with open(out / "checkpoint-4" / "model.safetensors", "r+b") as file:
        file.truncate(1000)
    assert last_whole(out) == out / "checkpoint-2"
    (out / "checkpoint-2" / "rng_state.pth").unlink()
    assert last_whole(out) is None


def test_a_stage_killed_before_done_takes_no_step_too_many(base, tmp_path):
    config = make_stage(
        tmp_path / "sft", base, "sft", {"max_steps": 5, "save_steps": 1, "lr_scheduler_type": "constant"}
    )
    out = train(config)
    before, done = weights(out), (out / "done.json").read_text()
    (out / "done.json").unlink()
    train(config)
    assert same(before, weights(out)) and done == (out / "done.json").read_text()


def test_a_folder_is_gone_on_with_by_its_own_config_alone(base, tmp_path, capsys):
    config = make_stage(tmp_path / "sft", base, "sft", {"max_steps": 3, "lr_scheduler_type": "constant"})
    out = train(config)
    train(config)
    assert f"{out}: done before" in capsys.readouterr().out
    make_stage(out, base, "sft", {"max_steps": 3, "learning_rate": 5e-4})
    assert "done.json: left by another config" in refused(config)
    (out / "done.json").unlink()
    assert "whole.json: left by another config" in refused(config)
    shutil.rmtree(out / "checkpoint-2")
    train(config)
    moved = out.rename(tmp_path / "moved")
    train(make_stage(moved, base, "sft", {"max_steps": 3, "learning_rate": 5e-4}))
    assert f"{moved}: done before" in capsys.readouterr().out


@pytest.mark.slow
def test_a_stage_by_hand_is_another_one_with_another_model_or_teacher(base, tmp_path):
    """What `inputs` says of a planned one is read; where the folders lie says nothing."""
    other, moved = (shutil.copytree(base, tmp_path / name) for name in ("other", "moved"))
    weights_of_it = load_file(other / "model.safetensors")
    save_file({name: weight + 1 for name, weight in weights_of_it.items()}, other / "model.safetensors")

    def digest(model, teacher, inputs=""):
        config = make_stage(tmp_path / "stage", model, "distill", teacher=str(teacher), inputs=inputs)
        return read_stage(config, "distill").digest()

    assert digest(base, base) == digest(moved, moved)
    assert len({digest(base, base), digest(other, base), digest(base, other), digest("me/base", base)}) == 4
    assert digest(base, base, "a hash of both") == digest(other, other, "a hash of both")


def test_kill_nine_under_accelerate_and_the_same_tracked_run(base, tmp_path):
    args = {"max_steps": 40, "save_total_limit": 2}
    track = {
        "project": "reins",
        "mode": "offline",
        "group": "test",
        "job_type": "sft",
        "name": "n",
        "tags": ["t"],
    }
    whole = train(make_stage(tmp_path / "a" / "stage", base, "sft", args))
    config = make_stage(tmp_path / "b" / "stage", base, "sft", args, track=track)
    out = config.parent
    kill_after(config, "checkpoint-4")
    assert not (out / "done.json").exists()
    child = launch(config)
    text, _ = child.communicate()
    assert child.returncode == 0, text
    assert same(weights(whole), weights(out))
    assert steady(whole / "log.jsonl") == steady(out / "log.jsonl")
    runs = {run.name.rpartition("-")[2] for run in (out / "wandb").glob("offline-run-*")}
    assert runs == {(out / "wandb_id").read_text()}


def test_no_file_of_a_checkpoint_may_be_missing_or_short(tmp_path):
    """Shards, optimizer, random state, the list itself: without any of them the one before is the last good one."""
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "adapter/adapter.bin"]
    for step in (2, 10):
        for name in [*names, "optimizer.pt", "rng_state_1.pth"]:
            (tmp_path / f"checkpoint-{step}" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"checkpoint-{step}" / name).write_bytes(b"12345678")
        mark_whole(tmp_path / f"checkpoint-{step}", "stage", {})
    last = tmp_path / "checkpoint-10"
    for file in [path for path in last.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        assert last_whole(tmp_path) == last
        for broken in (None, b"", content[:5]):
            file.unlink(missing_ok=True)
            if broken is not None:
                file.write_bytes(broken)
            assert last_whole(tmp_path) == tmp_path / "checkpoint-2", (file, broken)
        file.write_bytes(content)
    (last / "optimizer.pt").unlink()
    assert remove_broken(tmp_path)["checkpoint-10"] == "not whole" and not last.exists()


def spoilt(change):
    """A file of numbers rewritten: by safetensors, or by torch."""

    def write(file):
        ours = file.suffix == ".safetensors"
        content = change(load_file(file) if ours else torch.load(file, weights_only=True))
        save_file(content, file, metadata={"format": "pt"}) if ours else torch.save(content, file)

    return write


def nan_in_moments(state):
    state["state"][3]["exp_avg"].view(-1)[7] = float("nan")
    return state


def nan_in_weights(held):
    held["model.norm.weight"][2] = float("inf")
    return held


SPOILT = {
    "a NaN among the moments": ("optimizer.pt", spoilt(nan_in_moments), "state.3.exp_avg: 1 of its"),
    "an infinite weight": (
        "model.safetensors",
        spoilt(nan_in_weights),
        "model.norm.weight: 1 of its 64 values",
    ),
    "weights of zeros": (
        "model.safetensors",
        spoilt(lambda held: {name: torch.zeros_like(weight) for name, weight in held.items()}),
        "nothing but zeros",
    ),
    "a pickle of something else": (
        "optimizer.pt",
        lambda file: file.write_bytes(b"1" * 99),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_checkpoint_without_numbers_is_left_for_the_good_one_before_it(name, base, tmp_path, capsys):
    """It was saved to its end as it is, so its list of files is true."""
    file, change, fault = SPOILT[name]
    config = make_stage(tmp_path / "sft", base, "sft", {"max_steps": 7})
    out = train(config)
    before = weights(out)
    for last in (out / "checkpoint-4", out / "checkpoint-6"):
        kept = json.loads((last / "whole.json").read_text())
        change(last / file)
        mark_whole(last, kept["stage"], kept["counts"])
    (out / "done.json").unlink()
    train(config)
    said = capsys.readouterr().err
    for step in (6, 4):
        assert f"checkpoint-{step}: {file}: " in said and fault in said
    assert f"goes on from {out}/checkpoint-2" in said
    assert same(before, weights(out))


def test_what_is_finished_is_on_the_disk_before_it_has_its_name(base, tmp_path, monkeypatch):
    flushed, renamed = [], []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda file: (flushed.append(os.readlink(f"/proc/self/fd/{file}")), fsync(file))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (renamed.append((str(b), set(flushed))), replace(a, b)))
    out = train(make_stage(tmp_path / "sft", base, "sft", {"max_steps": 2}))
    before = next(known for name, known in renamed if name == str(out / "final"))
    files = {path.name for path in (out / "final").iterdir()}
    assert {str(out / "final.partial" / name) for name in files} <= before and "model.safetensors" in files


@pytest.mark.parametrize("written", ["optimizer", "weights"])
def test_a_disk_that_fills_up_while_saving_stops_and_the_last_good_checkpoint_is_used(
    written, base, tmp_path, monkeypatch, capsys
):
    whole = train(make_stage(tmp_path / "a" / "stage", base, "sft"))
    config = make_stage(tmp_path / "b" / "stage", base, "sft")
    out = config.parent
    place = (torch, "save") if written == "optimizer" else (LlamaForCausalLM, "save_pretrained")
    right = getattr(*place)

    def full(*args, **kwargs):
        if (out / "checkpoint-4").exists():
            (out / "checkpoint-4" / "half").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        return right(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(*place, full)
        with pytest.raises(
            Stopped, match="checkpoint-4 cannot be saved: .*No space left on device"
        ) as caught:
            train(config)
    assert str(caught.value).endswith(f"last good checkpoint: {out / 'checkpoint-2'}")
    train(config)
    said = capsys.readouterr().err
    assert f"{out}/checkpoint-4: not whole, removed" in said and f"goes on from {out}/checkpoint-2" in said
    assert same(weights(whole), weights(out)) and last_whole(out) == out / "checkpoint-4"


def test_a_tracked_run_holds_no_home_folder_and_no_secret(base, tmp_path, monkeypatch):
    secrets = {"WANDB_API_KEY": "0123456789abcdef" * 2 + "01234567", "HF_TOKEN": "hf_plantedTokenXYZ"}
    home = tmp_path / "home" / "alice"
    for name, value in {**secrets, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    model = shutil.copytree(base, home / "base")
    args = {"max_steps": 2, "run_name": "a run", "hub_model_id": f"alice:{secrets['HF_TOKEN']}@models"}
    track = {"project": "reins", "mode": "offline", "group": "g", "name": "n"}
    out = train(make_stage(home / "runs" / "stage", model, "sft", args, track=track))
    wandb.teardown()  # only then are the files whole
    files = [path for path in out.glob("wandb/**/*") if path.is_file() and path.suffix != ".log"]  # logs stay
    logged = b"".join(path.read_bytes() for path in files if path.suffix == ".wandb")
    assert b"tokens_per_second" in logged and b"mean_token_accuracy" in logged
    for secret in (*secrets.values(), str(home)):
        assert not [path for path in files if secret.encode() in path.read_bytes()], secret


def test_no_room_on_the_disk_is_refused(base, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10, used=10, free=0))
    assert "checkpoints need 3 MiB, the disk has 0 MiB" in refused(make_stage(tmp_path / "a", base, "sft"))
