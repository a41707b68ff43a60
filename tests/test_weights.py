"""Weights that are not there, or are no numbers: refused where a model is trained and where it is only asked."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from stages import make_stage, refused, train
from tiny import make_tiny
from transformers import AutoTokenizer

from reins.eval.io.errors import InputError
from reins.eval.sample.checkpoint import fingerprint, load_model, read_checkpoint
from reins.eval.weights.check import check_weights

LAYER = "model.layers.1.mlp.up_proj.weight"


def rewritten(folder, change):
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def unshared(folder):
    """Untied: a head of its own that no file has."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))


def nan(folder):
    weights = load_file(folder / "model.safetensors")
    weights[LAYER][3, 5] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def sharded(folder):
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    shards = [f"model-0000{1 + (name > names[4])}-of-00002.safetensors" for name in names]
    save_file({name: weights[name] for name in names[:5]}, folder / shards[0], metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": dict(zip(names, shards, strict=True))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


FAULTS = {
    "a head that is in no file": (unshared, "1 of its weights are in no file, lm_head.weight first"),
    "a layer that is in no file": (
        lambda folder: rewritten(
            folder, lambda all_: {k: v for k, v in all_.items() if "layers.1." not in k}
        ),
        "9 of its weights are in no file, model.layers.1.input_layernorm.weight first",
    ),
    "names as torch.compile has them": (
        lambda folder: rewritten(folder, lambda all_: {f"_orig_mod.{k}": v for k, v in all_.items()}),
        "(_orig_mod.model.embed_tokens.weight is there, which it does not have)",
    ),
    "another shape": (
        lambda folder: rewritten(folder, lambda all_: all_ | {LAYER: torch.zeros(3, 64)}),
        f"{LAYER} is [3, 64], its config makes it [128, 64]",
    ),
    "what git-lfs left": (
        lambda folder: (folder / "model.safetensors").write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 988097824\n"
        ),
        "three lines that git-lfs left, no weights; git lfs pull",
    ),
    "a file cut off": (
        lambda folder: (folder / "model.safetensors").write_bytes(
            (folder / "model.safetensors").read_bytes()[:-100]
        ),
        "model.safetensors: not whole",
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no weights (*.safetensors)"),
    "a shard that is not there": (sharded, "model-00002-of-00002.safetensors, which is not there"),
    "a NaN": (nan, f"{LAYER}: 1 of its 8192 values are no finite numbers"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_loader_refuses_in_one_line(fault, tmp_path):
    change, said = FAULTS[fault]
    base = make_tiny(tmp_path / "base")
    check_weights(str(base))
    change(base)
    for trainer in ("sft", "grpo"):
        assert said in refused(make_stage(tmp_path / trainer, base, trainer), trainer)
    with pytest.raises(InputError) as caught:
        load_model(str(base), fingerprint(str(base)))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_token_without_a_row_is_refused_where_it_is_used(tmp_path):
    """Added to the tokenizer, and the embeddings not resized: refused by rows, prompts, padding, and nowhere else."""
    base = make_tiny(tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(["<unused>", "<think>", "</think>"])
    tokenizer.save_pretrained(base)
    assert "the model embeds 384; resize" in refused(make_stage(tmp_path / "sft", base, "sft"))
    checkpoint = read_checkpoint(str(base))
    assert checkpoint.encode("Tom has 3 apples.")
    with pytest.raises(InputError, match="token '<think>' has the id 385, the model embeds 384"):
        checkpoint.encode("<think>")
    train(make_stage(tmp_path / "rl", base, "grpo", {"max_steps": 1, "save_strategy": "no"}), "grpo")
    tokenizer.pad_token = "<unused>"
    tokenizer.save_pretrained(base)
    assert "'<unused>' has the id 384" in refused(make_stage(tmp_path / "padded", base, "grpo"), "grpo")


def test_quantised_weights_are_not_trained_from(tmp_path):
    base = make_tiny(tmp_path / "base")
    method = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"quantization_config": method}))
    for trainer in ("sft", "grpo"):
        assert "its weights are quantised" in refused(make_stage(tmp_path / trainer, base, trainer), trainer)


def test_a_model_that_is_nowhere_is_one_line(monkeypatch):
    for name in ("nobody/nothing-of-this-name", "nowhere"):
        with pytest.raises(InputError, match=f"^{name}: cannot be opened: ") as caught:
            check_weights(name)
        assert "\n" not in str(caught.value)
