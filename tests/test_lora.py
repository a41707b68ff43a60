"""LoRA by peft: saved folders are ordinary checkpoints, and a killed stage ends in the same bits."""

import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from stages import lines, make_stage, refused, same, steady, train, weights
from tiny import make_other
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM

from reins.eval.sample.checkpoint import read_checkpoint

LORA = {"r": 4, "lora_alpha": 32, "target_modules": "all-linear"}


@pytest.mark.parametrize("trainer", ["sft", "grpo"])
def test_merged_weights_are_the_adapters(trainer, base, tmp_path):
    args = {"max_steps": 3, "learning_rate": 1e-2}
    out = train(make_stage(tmp_path / "stage", base, trainer, args, lora=LORA), trainer)
    ids = AutoTokenizer.from_pretrained(base)("Tom has 12 apples. How many?", return_tensors="pt")[
        "input_ids"
    ]
    for name in ("checkpoint-2", "final"):
        with torch.no_grad():
            merged = AutoModelForCausalLM.from_pretrained(out / name)(ids).logits
            adapted = PeftModel.from_pretrained(
                LlamaForCausalLM.from_pretrained(base), out / name / "adapter"
            )
            assert torch.allclose(merged, adapted(ids).logits, atol=1e-4)
            before = LlamaForCausalLM.from_pretrained(base)(ids).logits
            assert (merged - before).abs().max() > 1e-2
        assert GenerationConfig.from_pretrained(out / name).eos_token_id == [2]
        assert read_checkpoint(str(out / name)).stops == {2}  # as evaluation opens it
    assert not same(load_file(out / "checkpoint-2" / "model.safetensors"), weights(out))


@pytest.mark.parametrize(
    ("trainer", "start"), [("sft", {}), ("grpo", {}), ("sft", {"init_lora_weights": "pissa"})]
)
def test_a_killed_stage_ends_in_the_same_bits(trainer, start, base, tmp_path):
    lora = LORA | {"lora_dropout": 0.1} | start
    whole = train(make_stage(tmp_path / "a" / "stage", base, trainer, lora=lora), trainer)
    config = make_stage(tmp_path / "b" / "stage", base, trainer, lora=lora)
    again = train(config, trainer)
    shutil.rmtree(again / "final")
    (again / "done.json").unlink()
    (again / "checkpoint-4" / "adapter" / "adapter_model.safetensors").write_bytes(b"half")
    train(config, trainer)
    assert same(weights(whole), weights(again))
    assert steady(whole / "log.jsonl") == steady(again / "log.jsonl")


def test_rl_starts_from_the_merged_weights(base, tmp_path):
    sft = train(make_stage(tmp_path / "sft", base, "sft", {"max_steps": 2, "learning_rate": 1e-2}, lora=LORA))
    still = {"max_steps": 1, "learning_rate": 0.0, "save_strategy": "no"}
    rl = train(make_stage(tmp_path / "rl", sft / "final", "grpo", still, lora=LORA), "grpo")
    assert same(weights(sft), weights(rl)) and lines(rl / "log.jsonl")[1]["step"] == 1


@pytest.mark.parametrize(
    ("lora", "said"),
    [
        ({"rank": 8}, "lora.rank: LoraConfig has no such key"),
        ({"lora_alfa": 8}, "lora.lora_alfa: LoraConfig has no such key; did you mean 'lora_alpha'?"),
        ({"r": "8"}, "lora.r: '8' is not what LoraConfig takes; give int"),
        ({"r": None}, "lora.r: blank; give int, or take the key out"),
        (
            {"target_modules": ["q_proj", "v_porj"]},
            "lora.target_modules: the model has no 'v_porj'; did you mean 'v_proj'?",
        ),
        ({"task_type": "CAUSAL_LM"}, "lora.task_type: not settled here"),
        ({"target_modules": ["q_proj", "lm_head"]}, "lora.target_modules: lm_head"),
        ({"target_modules": ["nowhere"]}, "nowhere"),
        ({"init_lora_weights": "pissa_niter_4"}, "lora.init_lora_weights: pissa_niter_4 is random"),
        ({"init_lora_weights": False}, "lora.init_lora_weights: false starts from random adapters"),
        ({"init_lora_weights": None}, "lora.init_lora_weights: blank starts from random adapters"),
        ({"init_lora_weights": "eva"}, "lora.init_lora_weights: eva starts from data"),
        ({"init_lora_weights": "loftq"}, "lora.init_lora_weights: loftq starts from data"),
        ({"init_lora_weights": "corda"}, "lora.init_lora_weights: corda starts from data"),
        ({"target_modules": ["q_proj", "embed_tokens"]}, "lora: embed_tokens would be trained"),
        (
            {"target_modules": "all-linear", "modules_to_save": ["embed_tokens"]},
            "lora: embed_tokens would be",
        ),
        ({"trainable_token_indices": [3, 5]}, "lora: embed_tokens would be trained"),
    ],
)
def test_bad_keys_are_refused_by_name(lora, said, base, tmp_path):
    assert said in refused(make_stage(tmp_path / "sft", base, "sft", lora=lora))


@pytest.mark.parametrize("more", [{"target_modules": ["wte"]}, {"modules_to_save": ["wte"]}])
def test_a_tied_embedding_is_refused_whatever_it_is_called(more, base, tmp_path):
    tied = make_other(
        tmp_path / "gpt2", "gpt2", n_embd=32, n_layer=1, n_head=2, n_positions=256, tie_word_embeddings=True
    )
    said = refused(make_stage(tmp_path / "sft", tied, "sft", lora={"target_modules": ["c_attn"]} | more))
    assert "lora: wte would be trained" in said and said.endswith("take wte out")


STARTS = [True, "gaussian", "pissa", "olora", "orthogonal"]


@pytest.mark.parametrize("more", [*({"init_lora_weights": start} for start in STARTS), {"use_dora": True}])
def test_every_start_that_is_taken_is_the_base(more, base, tmp_path):
    still = {"max_steps": 2, "learning_rate": 0.0}
    out = train(make_stage(tmp_path / "stage", base, "sft", still, lora=LORA | more))
    ids = torch.arange(3, 60)[None]
    with torch.no_grad():
        merged, before = (
            AutoModelForCausalLM.from_pretrained(folder)(ids).logits for folder in (out / "final", base)
        )
    assert torch.allclose(merged, before, atol=2e-4)


@pytest.mark.parametrize("start", ["pissa", "olora"])
def test_no_reference_beside_an_adapter_that_changes_the_base(start, base, tmp_path):
    stage = make_stage(
        tmp_path / "rl", base, "grpo", {"beta": 0.04}, lora=LORA | {"init_lora_weights": start}
    )
    assert "with beta the reference is the model without its adapter" in refused(stage, "grpo")


@pytest.mark.parametrize("start", [True, "gaussian", "orthogonal"])
def test_the_reference_is_the_base(start, base, tmp_path):
    args = {"beta": 0.04, "max_steps": 1, "save_strategy": "no"}
    stage = make_stage(tmp_path / "rl", base, "grpo", args, lora=LORA | {"init_lora_weights": start})
    assert abs(lines(train(stage, "grpo") / "log.jsonl")[1]["kl"]) < 1e-5


@pytest.mark.parametrize(
    "more",
    [
        {"target_modules": ["q_proj", "embed_tokens"]},
        {"modules_to_save": ["embed_tokens"]},
        {"use_dora": True},
    ],
)
def test_untied_embeddings_are_merged_as_they_were_trained(more, base, tmp_path):
    untied = make_other(tmp_path / "untied", "llama", tie_word_embeddings=False)
    out = train(
        make_stage(
            tmp_path / "stage", untied, "sft", {"max_steps": 3, "learning_rate": 1e-2}, lora=LORA | more
        )
    )
    ids = torch.arange(3, 60)[None]
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained(out / "final")(ids).logits
        adapted = PeftModel.from_pretrained(
            AutoModelForCausalLM.from_pretrained(untied), out / "final" / "adapter"
        )
        assert torch.allclose(merged, adapted(ids).logits, atol=1e-4)


def test_zero3_is_refused(base, tmp_path):
    said = refused(make_stage(tmp_path / "sft", base, "sft", lora=LORA, wrapper="zero3"))
    assert "lora: not under zero3" in said and said.endswith("take zero2 or fsdp2")
