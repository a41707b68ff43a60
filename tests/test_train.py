"""Stages end to end on a tiny random model: what they leave, that they resume bit for bit, what they refuse."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from tiny import make_tiny, make_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM
from trl import SFTConfig, SFTTrainer

from reins.eval.verify.errors import InputError
from reins.train import grpo, sft
from reins.train.checkpoints import last_whole
from reins.train.stage import start

ROOT = Path(__file__).parents[1]
SFT_ARGS = {"per_device_train_batch_size": 4, "max_length": 96, "learning_rate": 1e-3}
GRPO_ARGS = {
    "per_device_train_batch_size": 16,
    "num_generations": 4,
    "max_completion_length": 40,
    "learning_rate": 1e-3,
}
REWARDS = {"correct": 1.0, "format": 0.1, "constraints": 1.0, "random": 0.5}


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("tiny"))


def sft_rows(count=24):
    rng = random.Random(0)
    for _ in range(count):
        a, b, long = rng.randint(2, 60), rng.randint(2, 60), rng.randint(1, 8)
        question = f"Tom has {a} apples and buys {b} more. How many?"
        answer = f"<think>\n{'Wait, check: ' * long}{a} + {b} = {a + b}\n</think>\nThe answer is {a + b}."
        yield {
            "prompt": [{"role": "user", "content": question}],
            "completion": [{"role": "assistant", "content": answer}],
        }


def grpo_rows(count=24):
    for i in range(count):
        yield {
            "prompt": [{"role": "user", "content": f"Tom has {i} apples and buys 12 more. How many?"}],
            "solution": str(i + 12) if i % 4 else None,
            "constraint_name": ["change_case:english_lowercase"] if i % 2 == 0 else [],
            "constraint_args": json.dumps([None] if i % 2 == 0 else []),
            "row": f"tiny-{i}",
            "problem_id": f"tiny-{i}",
        }


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def make_stage(out, base, trainer, args=(), **config):
    """Write a stage's config.yaml and rows; return the config's path."""
    out.mkdir(parents=True, exist_ok=True)
    write_rows(out.parent / f"{trainer}.jsonl", sft_rows() if trainer == "sft" else grpo_rows())
    content = {
        "trainer": trainer,
        "model": str(base),
        "rows": str(out.parent / f"{trainer}.jsonl"),
        "out": str(out),
        "rewards": REWARDS if trainer == "grpo" else {},
        "args": {"seed": 0, "max_steps": 6, "save_steps": 2, "logging_steps": 1}
        | (SFT_ARGS if trainer == "sft" else GRPO_ARGS)
        | dict(args),
        "inputs": "what went in",
    }
    (out / "config.yaml").write_text(yaml.safe_dump(content | config))
    return out / "config.yaml"


def train(config, trainer="sft"):
    start(trainer, {"sft": sft, "grpo": grpo}[trainer].train, config)
    return config.parent


def weights(out):
    return load_file(out / "final" / "model.safetensors")


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_stage_leaves_a_model_that_stands_alone(base, tmp_path):
    out = train(make_stage(tmp_path / "sft", base, "sft"))
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(out / "final"),
        AutoTokenizer.from_pretrained(out / "final"),
    )
    assert not same(weights(out), load_file(base / "model.safetensors"))
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(base).chat_template
    assert (out / "final" / "chat_template.jinja").exists() and not list(out.glob("final/*.bin"))
    settings = GenerationConfig.from_pretrained(out / "final")
    assert (
        settings.eos_token_id == [tokenizer.eos_token_id] and settings.pad_token_id == tokenizer.pad_token_id
    )
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, return_tensors="pt"
    )
    assert model.generate(**ids, max_new_tokens=3, do_sample=False).shape[0] == 1


def test_counts_are_those_of_the_rows(base, tmp_path):
    """One epoch over rows of known length: supervised tokens are the completions' up to max_length."""
    out = train(
        make_stage(
            tmp_path / "sft", base, "sft", {"max_steps": -1, "num_train_epochs": 2, "save_strategy": "no"}
        )
    )
    tokenizer, read, learned, cut = make_tokenizer(), 0, 0, 0
    for row in sft_rows():
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=True)[
            "input_ids"
        ]
        start = len(
            tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)[
                "input_ids"
            ]
        )
        read, learned, cut = (
            read + min(len(whole), 96),
            learned + min(len(whole), 96) - start,
            cut + (len(whole) > 96),
        )
    done = json.loads((out / "done.json").read_text())
    del done["stage"]
    assert 0 < cut < 24
    assert done == {
        "inputs": "what went in",
        "steps": 12,
        "supervised_tokens": 2 * learned,
        "train_tokens": 2 * read,
        "rows": 24,
        "cut_rows": cut,
    }
    log = lines(out / "log.jsonl")
    assert log[0] == {"step": 0, "rows": 24, "cut_rows": cut}
    assert [entry["step"] for entry in log] == list(range(13)) and log[-1]["num_tokens"] == 2 * read
    progress = json.loads((out / "progress.json").read_text())
    assert (progress["step"], progress["steps"]) == (12, 12)


def test_rows_are_tokenized_as_trl_does(base, tmp_path):
    args = SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=None)
    tokenizer, rows = make_tokenizer(), list(sft_rows())
    from datasets import Dataset

    theirs = SFTTrainer(
        str(base), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    ours = sft.tokenize(rows, tokenizer)
    assert ours["input_ids"] == theirs.train_dataset["input_ids"]
    assert ours["labels"] == theirs.train_dataset["labels"]
    assert all(tokenizer.eos_token_id in labels for labels in ours["labels"])


def test_packed_rows_do_not_see_each_other(base, tmp_path):
    """The loss of a packed batch is that of its rows alone."""
    args = {
        "packing": True,
        "max_length": 256,
        "per_device_train_batch_size": 2,
        "max_steps": 1,
        "save_strategy": "no",
    }
    out = train(make_stage(tmp_path / "packed", base, "sft", {**args, "num_train_epochs": 1}))
    done, log = json.loads((out / "done.json").read_text()), lines(out / "log.jsonl")
    assert done["train_tokens"] > 256 and done["cut_rows"] == 0
    tokens, model = sft.tokenize(list(sft_rows()), make_tokenizer()), LlamaForCausalLM.from_pretrained(base)
    losses = []
    for ids, labels in zip(tokens["input_ids"], tokens["labels"], strict=True):
        logits = model(torch.tensor([ids])).logits[0, :-1]
        losses.append(
            torch.nn.functional.cross_entropy(logits, torch.tensor(labels[1:]), reduction="none").detach()
        )
    learned = [(loss.sum().item(), int((loss != 0).sum())) for loss in losses]
    packs = _packs([len(ids) for ids in tokens["input_ids"]], log[1]["num_tokens"], learned)
    assert any(abs(total / count - log[1]["loss"]) < 1e-4 for total, count in packs)


def _packs(lengths, tokens, learned):
    """(loss, tokens learned) of every pair of TRL's packs with that many tokens together."""
    from datasets import Dataset
    from trl import pack_dataset

    rows = Dataset.from_dict({"input_ids": [[place] * length for place, length in enumerate(lengths)]})
    packs = [list(dict.fromkeys(pack)) for pack in pack_dataset(rows, 256, "bfd")["input_ids"]]
    for i, one in enumerate(packs):
        for other in packs[:i]:
            both = one + other
            if sum(lengths[place] for place in both) == tokens:
                yield sum(learned[place][0] for place in both), sum(learned[place][1] for place in both)


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
    for name in ("log.jsonl", "done.json"):
        assert (whole / name).read_text() == (again / name).read_text()


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


def launch(config, file="cpu.yaml", trainer="sft", **extra):
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += ["--config_file", str(ROOT / "recipes" / "accelerate" / file)]
    command += ["-m", f"reins.train.{trainer}", "--config", str(config)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **extra,
    )


@pytest.mark.slow
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
    out, child = config.parent, launch(config)
    while not (out / "checkpoint-4" / "whole.json").exists():
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.001)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert not (out / "done.json").exists()
    child = launch(config)
    text, _ = child.communicate()
    assert child.returncode == 0, text
    assert same(weights(whole), weights(out))
    assert (whole / "log.jsonl").read_text() == (out / "log.jsonl").read_text()
    runs = {run.name.rpartition("-")[2] for run in (out / "wandb").glob("offline-run-*")}
    assert runs == {(out / "wandb_id").read_text()}


@pytest.mark.slow
def test_two_processes_are_two(base, tmp_path):
    """Two ranks of batch 2 learn what one of batch 4 does; a config that promises another number is refused."""
    one = train(make_stage(tmp_path / "one", base, "sft"))
    config = make_stage(tmp_path / "two", base, "sft", {"per_device_train_batch_size": 2}, world_size=2)
    child = launch(config, "cpu_ddp.yaml")
    text, _ = child.communicate()
    assert child.returncode == 0, text
    ours, theirs = weights(config.parent), weights(one)
    assert all(torch.allclose(ours[key], theirs[key], atol=1e-5) for key in ours)
    done, also = (json.loads((out / "done.json").read_text()) for out in (one, config.parent))
    assert {**done, "stage": ""} == {**also, "stage": ""}
    config = make_stage(tmp_path / "rl", base, "grpo", {"per_device_train_batch_size": 32}, world_size=2)
    child = launch(config, "cpu_ddp.yaml", "grpo")
    text, _ = child.communicate()
    assert child.returncode == 0, text
    logged = lines(config.parent / "log.jsonl")[-1]
    assert logged["step"] == 6 and logged["grad_norm"] > 0
    child = launch(config)
    text, _ = child.communicate()
    assert child.returncode and "error: " in text and "run it by reins.train.grpo" in text


def refused(config, trainer="sft"):
    with pytest.raises(InputError) as caught:
        train(config, trainer)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bad_stages_are_refused_in_one_line(base, tmp_path):
    bare = shutil.copytree(base, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    assert "no chat template" in refused(make_stage(tmp_path / "a", bare, "sft"))
    assert "neither a folder nor a hub id" in refused(make_stage(tmp_path / "b", tmp_path / "nothing", "sft"))
    assert "trainr: unknown key, did you mean 'trainer'?" in refused(
        make_stage(tmp_path / "c", base, "sft", trainr="sft")
    )
    assert "run it by reins.train.grpo" in refused(make_stage(tmp_path / "d", base, "grpo"))
    assert "no such file" in refused(tmp_path / "e" / "config.yaml")
    assert "world_size: 3, but 1 started; give accelerate a file" in refused(
        make_stage(tmp_path / "f", base, "sft", world_size=3)
    )
    assert "args.foo" in refused(make_stage(tmp_path / "g", base, "sft", {"foo": 1}))


def test_bad_rows_are_refused_in_one_line(base, tmp_path):
    rows = tmp_path / "rows.jsonl"
    config = make_stage(tmp_path / "sft", base, "sft", rows=str(rows))
    assert "rows.jsonl" in refused(config)
    for content, message in [
        ([], "no rows to train on"),
        ([{"prompt": [{"role": "user", "content": "x"}]}], "rows.jsonl:1: no 'completion'"),
    ]:
        write_rows(rows, content)
        assert message in refused(config)
    config = make_stage(tmp_path / "grpo", base, "grpo", rows=str(rows), rewards={"correct": 1.0})
    some = list(grpo_rows())
    for content, message in [
        ([{"solution": "8"}], "rows.jsonl:1: no 'prompt'"),
        (some, "rows.jsonl:1: no reward of correct applies to this row"),
        (some[:1], "no row that reward 'correct' applies to"),
        (some[1:4], "3 rows, but a generation batch takes 4 prompts"),
    ]:
        write_rows(rows, content)
        assert message in refused(config, "grpo")
    for rewards, message in [
        ({}, "rewards: none given"),
        ({"corect": 1.0}, "rewards.corect: no such reward"),
    ]:
        assert message in refused(make_stage(tmp_path / "r", base, "grpo", rewards=rewards), "grpo")


def test_a_template_that_drops_the_reasoning_is_refused(base, tmp_path):
    model = shutil.copytree(base, tmp_path / "drops")
    template = (model / "chat_template.jinja").read_text()
    drops = template.replace("message['content']", "message['content'].split('</think>')[-1]")
    (model / "chat_template.jinja").write_text(drops)
    assert "drops a part of the completion" in refused(make_stage(tmp_path / "a", model, "sft"))
    (model / "chat_template.jinja").write_text(template.replace("<|im_end|>", "<|im_start|>"))
    assert "does not end a turn with '<|im_end|>'" in refused(make_stage(tmp_path / "b", model, "sft"))


def test_no_room_on_the_disk_is_refused(base, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert "checkpoints need 3 MiB, the disk has 0 MiB" in refused(make_stage(tmp_path / "a", base, "sft"))
