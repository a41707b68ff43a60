"""A stage end to end on a tiny random model: what it leaves, and what it refuses."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from stages import grpo_rows, lines, make_stage, refused, same, sft_rows, train, weights, write_rows
from tiny import make_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


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
    del done["stage"], done["output"]
    assert 0 < cut < 24
    assert done == {
        "inputs": "what went in",
        "steps": 12,
        "supervised_tokens": 2 * learned,
        "train_tokens": 2 * read,
        "rows": 24,
        "cut_rows": cut,
        "unlearned_rows": 0,
    }
    log = lines(out / "log.jsonl")
    assert log[0] == {"step": 0, "rows": 24, "cut_rows": cut, "unlearned_rows": 0}
    assert [entry["step"] for entry in log] == list(range(13)) and log[-1]["num_tokens"] == 2 * read
    progress = json.loads((out / "progress.json").read_text())
    assert (progress["step"], progress["steps"]) == (12, 12)


def test_bad_stages_are_refused_in_one_line(base, tmp_path):
    bare = shutil.copytree(base, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    assert "no chat template" in refused(make_stage(tmp_path / "a", bare, "sft"))
    assert "neither a folder nor a hub id" in refused(make_stage(tmp_path / "b", tmp_path / "nothing", "sft"))
    assert "trainr: unknown key; did you mean 'trainer'?" in refused(
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
    (model / "chat_template.jinja").write_text(template.replace("<|im_end|>", ""))
    assert "closes a turn by nothing" in refused(make_stage(tmp_path / "b", model, "sft"))
    (model / "chat_template.jinja").write_text(template.replace("<|im_end|>", "THE END"))
    assert "closes a turn by 'THE END', which is no token" in refused(
        make_stage(tmp_path / "c", model, "sft")
    )
    other = {"eos_token": "<|endoftext|>"}
    assert "does not end a turn with '<|endoftext|>'" in refused(
        make_stage(tmp_path / "d", base, "sft", other)
    )
    missing = {"chat_template_path": "nowhere.jinja"}
    assert "nowhere.jinja is no file" in refused(make_stage(tmp_path / "e", base, "grpo", missing), "grpo")


def test_smoothed_labels_are_learned_on_the_completion_alone(base, tmp_path):
    """0.8 of the label's own log-probability and 0.2 of the mean over the vocabulary, over the reply's tokens."""
    args = {"per_device_train_batch_size": 24, "max_length": None, "max_steps": 1, "save_strategy": "no"}
    out = train(make_stage(tmp_path / "sft", base, "sft", args | {"label_smoothing_factor": 0.2}))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(base), make_tokenizer()
    losses = []
    for row in sft_rows():
        turns = row["prompt"] + row["completion"]
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)["input_ids"]
        ids = torch.tensor([tokenizer.apply_chat_template(turns)["input_ids"]])
        with torch.no_grad():
            logps = model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        own = logps.gather(1, ids[0, len(prompt) :, None])[:, 0]
        losses.append(-(0.8 * own + 0.2 * logps.mean(-1)))
    assert lines(out / "log.jsonl")[1]["loss"] == pytest.approx(torch.cat(losses).mean().item(), abs=1e-3)


def test_no_stage_trains_by_cudnns_attention(base, tmp_path):
    """Its gradients can be NaN on an H100: pytorch/pytorch#196678."""
    was = torch.backends.cuda.cudnn_sdp_enabled()
    torch.backends.cuda.enable_cudnn_sdp(True)
    try:
        train(make_stage(tmp_path / "sft", base, "sft", {"max_steps": 1, "save_strategy": "no"}))
        assert not torch.backends.cuda.cudnn_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(was)
