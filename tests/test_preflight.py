"""`reins check` on a small recipe that is right, and on the same recipe with one mistake at a time."""

import os
from collections import namedtuple
from pathlib import Path

import pytest
from small_recipe import GRPO, ON_A_CARD, RECIPE, RUN, SFT, assert_found, changed, look

from reins.data_builders import BUILDERS
from reins.eval.io.jsonl import write_jsonl
from reins.recipes.preflight import arithmetic, preflight
from reins.recipes.recipe import schema

ROOT = Path(__file__).parents[1]


def test_a_recipe_that_is_right_has_nothing_to_mend(world: Path) -> None:
    found = look()
    assert [str(one) for one in found if one.level != "ok"] == []
    assert {one.name for one in found} >= {
        *(
            "keys",
            "launch",
            "batch",
            "steps",
            "checkpoints",
            "positions",
            "responses",
            "cut",
            "prompts",
            "eos",
        ),
        *("template", "prefill", "weights", "rewards", "overlap", "arms", "sequence", "evaluation"),
        *("precision", "disk", "cost"),
    }
    assert any(
        "32 prompts" in one.text or "2 prompts x 4" in one.text for one in found if one.name == "batch"
    )


MISTAKES = {
    "unknown key": ([(SFT, "sve_steps: 5}}\n  sft_if")], "FAIL", "args", "sve_steps: SFTConfig has no such key"),
    "removed from transformers": ([(SFT, "warmup_ratio: 0.1}}\n  sft_if")], "FAIL", "args", "gone from SFTConfig"),
    "removed from TRL": ([(GRPO, "max_prompt_length: 9}}\n  rl_if")], "FAIL", "args", "gone from GRPOConfig"),
    "text for a number": ([("learning_rate: 1e-3", "learning_rate: '1e-3'")], "FAIL", "args", "'1e-3' is not"),
    "shares below one": ([("if_traces: 0.3}", "if_traces: 0.2}")], "FAIL", "mixture", "shares add to 0.9"),
    "more rows than there are": ([("rows: 40, data: {traces: 1.0", "rows: 41, data: {traces: 1.0")], "FAIL", "mixture", "wants 41"),
    "unknown reward": ([("format: 0.1", "fromat: 0.1")], "FAIL", "rewards", "unknown reward 'fromat'"),
    "no such launch file": ([(RUN, "recipes/accelerate/gpu.yaml")], "FAIL", "launch", "is no file"),
    "unknown mode": ([("samples: 2", "samples: 2, modes: [thinking]")], "FAIL", "evaluation", "'thinking' is unknown"),
    "a source that is not there": ([("builder: micro.problems, rows: 64, split: train", "builder: problems, rows: 64, source: ./gone.jsonl")], "FAIL", "data", "gone.jsonl"),
    "unknown stage": ([("sft: [sft]", "sft: [stf]")], "FAIL", "arms", "unknown stage 'stf'"),
    "a schedule without its companion": ([(SFT, "lr_scheduler_type: cosine_with_min_lr}}\n  sft_if")], "FAIL", "args", "min_lr"),
    "an optimizer that is not installed": ([(SFT, "optim: adamw_bnb_8bit}}\n  sft_if")], "FAIL", "args", "bitsandbytes"),
    "a schedule by evaluations": ([(SFT, "lr_scheduler_type: reduce_lr_on_plateau}}\n  sft_if")], "FAIL", "args", "reduce_lr_on_plateau"),
    "a misspelt choice": ([(GRPO, "loss_type: drgrpo}}\n  rl_if")], "FAIL", "args", "'drgrpo' is not one of"),
    "an unknown setting of the model": ([(SFT, "model_init_kwargs: {torch_dtype: bfloat16}}}\n  sft_if")], "FAIL", "args", "torch_dtype"),
    "attention of no such name": ([(SFT, "model_init_kwargs: {attn_implementation: flash_atention_2}}}\n  sft_if")], "FAIL", "args", "flash_atention_2"),
    "an adapter on no layer": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [query]}")], "FAIL", "lora", "query"),
    "an adapter on a layer misspelt": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj, v_porj]}")], "FAIL", "lora", "the model has no 'v_porj'"),
    "a module to save misspelt": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj], modules_to_save: [lm_haed]}")], "FAIL", "lora", "no 'lm_haed'"),
    "a layer left out misspelt": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj, v_proj], exclude_modules: [v_porj]}")], "FAIL", "lora", "exclude_modules: the model has no 'v_porj'"),
    "an adapter of no rank": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {r: null}")], "FAIL", "lora", "lora.r: blank"),
    "an adapter that wants data": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: eva}")], "FAIL", "lora", "starts from data"),
    "an adapter misspelt": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: pisa}")], "FAIL", "lora", "pisa"),
    "a random start": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: pissa_niter_4}")], "FAIL", "lora", "random"),
    "a reference that is not the base": ([("rows: 64, data: {problems: 1.0}", "rows: 64, lora: {init_lora_weights: pissa}, data: {problems: 1.0}"), (GRPO, "beta: 0.04}}\n  rl_if")], "FAIL", "lora", "the reference"),
    "a tied embedding": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj, embed_tokens]}")], "FAIL", "lora", "would be trained"),
    "a tied embedding saved": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj], modules_to_save: [embed_tokens]}")], "FAIL", "lora", "would be trained"),
    "a mode twice": ([("samples: 2", "samples: 2, modes: [think, think]")], "FAIL", "evaluation", "names a mode twice"),
    "a mode twice in two spellings": ([("samples: 2", "samples: 2, modes: [think, budget 40, budget-040]")], "FAIL", "evaluation", "names a mode twice"),
    "a precision of no such name": ([(SFT, "model_init_kwargs: {dtype: bf16}}}\n  sft_if")], "FAIL", "args", "'bf16' is none"),
    "more steps than anybody takes": ([(SFT, "max_steps: 10000000000000}}\n  sft_if")], "FAIL", "args", "max_steps: 1e+13 optimizer steps"),
    "a stage twice": ([("sft: [sft]", "sft: [sft, sft]")], "FAIL", "arms", "is there twice"),
    "no base": ([("base: [], sft", "sft")], "FAIL", "arms", "nothing to compare"),
    "a seed below zero": ([("base: base", "base: base\nseeds: [-1]")], "FAIL", "keys", "-1 is none"),
    "broken groups": ([("num_generations: 4", "num_generations: 3")], "FAIL", "batch", "whole groups"),
    "saved amid a generation": ([(GRPO, "save_steps: 5, num_iterations: 2}}\n  rl_if")], "FAIL", "batch", "amid"),
    "a generation larger than the data": ([("per_device_train_batch_size: 8", "per_device_train_batch_size: 512")], "FAIL", "batch", "but only 64 rows"),
    "a batch larger than the data": ([("per_device_train_batch_size: 2", "per_device_train_batch_size: 64")], "FAIL", "batch", "but only 40 rows"),
    "a group of one": ([("num_generations: 4", "num_generations: 1")], "FAIL", "batch", "no advantage"),
    "updates across generations": ([(GRPO, "save_steps: 12, steps_per_generation: 3, gradient_accumulation_steps: 2}}\n  rl_if"), ("num_generations: 4", "num_generations: 8")], "warn", "batch", "old rollouts"),
    "two processes, no wrapper": ([(RUN, RUN + ", processes: 2")], "FAIL", "launch", "each would train alone"),
    "a warm-up without end": ([(SFT, "warmup_steps: 20}}\n  sft_if")], "FAIL", "steps", "warmup_steps 20 of 20"),
    "hardly an update": ([("rows: 40, data: {traces: 1.0", "rows: 8, data: {traces: 1.0")], "warn", "steps", "4 updates"),
    "checkpoints deleted that are asked for": ([(SFT, "save_steps: 2, save_total_limit: 2}}\n  sft_if")], "FAIL", "checkpoints", "save_total_limit deletes"),
    "one checkpoint alone": ([(SFT, "save_total_limit: 1}}\n  sft_if")], "FAIL", "checkpoints", "killed while saving"),
    "checkpoints that are never saved": ([("checkpoints: all", "checkpoints: [7]")], "warn", "checkpoints", "none of the steps [7]"),
    "rows longer than the model": ([("max_length: 1200", "max_length: 5000")], "FAIL", "positions", "the model has 4096"),
    "completions longer than the model": ([("max_completion_length: 1000", "max_completion_length: 4097")], "FAIL", "positions", "the model has 4096"),
    "no room for a prompt in vLLM": ([(GRPO, "vllm_max_model_length: 1000}}\n  rl_if")], "FAIL", "positions", "no room for a prompt"),
    "replies longer than the model": ([("max_new_tokens: 1000", "max_new_tokens: 4096")], "FAIL", "positions", "4096 positions"),
    "no responses to learn from": ([("data: {traces: 1.0}", "data: {problems: 1.0}")], "FAIL", "responses", "have no response"),
    "rows cut": ([("max_length: 1200", "max_length: 400")], "FAIL", "cut", "longer than max_length 400"),
    "nothing left to learn": ([("max_length: 1200", "max_length: 60")], "FAIL", "supervised", "nothing to learn from"),
    "prompts too long for vLLM": ([(GRPO, "vllm_max_model_length: 1040}}\n  rl_if")], "FAIL", "prompts", "pass 1040 positions"),
    "another end token": ([(SFT, "save_steps: 5, eos_token: <|endoftext|>}}\n  sft_if")], "FAIL", "eos", "args.eos_token"),
    "a reward without rows": ([("format: 0.1}", "format: 0.1, constraints: 1.0}")], "FAIL", "rewards", "constraints judges no row"),
    "rows without a reward": ([("{correct: 1.0, format: 0.1}", "{constraints: 1.0}")], "FAIL", "rewards", "no reward judges 64 of 64"),
    "a weight of nothing": ([("format: 0.1", "format: 0.0")], "FAIL", "weights", "not above 0"),
    "format above the answer": ([("format: 0.1", "format: 2.0")], "warn", "weights", "format pays more"),
    "trained on and evaluated": ([("data: {traces: 1.0}", "data: {composite: 1.0}"), ("rows: 40, data", "rows: 20, data")], "FAIL", "overlap", "trained on and evaluated"),
    "the same problems": ([("rows: 20, split: test, pool: test", "rows: 20, split: train, pool: train, seed: 3")], "FAIL", "overlap", "ask a problem of composite"),
    "an arm that differs in more": ([("  sft_if: {trainer: sft, rows: 40, data: {traces: 0.7, if_traces: 0.3}, args: {\n    per_device_train_batch_size: 2, learning_rate: 1e-3", "  sft_if: {trainer: sft, rows: 40, data: {traces: 0.7, if_traces: 0.3}, args: {\n    per_device_train_batch_size: 2, learning_rate: 5e-3")], "warn", "arms", "also in args.learning_rate"),
    "one arm under two names": ([("sft: [sft]", "sft: [sft], again: [sft]")], "FAIL", "arms", "again: the stages of sft"),
    "RL that cuts what SFT taught": ([("max_completion_length: 1000", "max_completion_length: 100")], "warn", "sequence", "pass its 100 tokens"),
    "the same sample twice": ([("samples: 2", "samples: 2, temperature: 0")], "FAIL", "evaluation", "2 times the same"),
    "evaluation cuts what RL trains": ([("max_new_tokens: 1000", "max_new_tokens: 500")], "warn", "evaluation", "rollouts have up to 1000"),
    "evaluation cuts what SFT teaches": ([("max_new_tokens: 1000", "max_new_tokens: 60")], "warn", "evaluation", "that sft teaches pass max_new_tokens 60"),
    "no room for an answer": ([("max_new_tokens: 1000", "max_new_tokens: 1")], "FAIL", "evaluation", "gold answers alone fill max_new_tokens 1"),
    "a rate of nothing": ([("learning_rate: 1e-3", "learning_rate: 0.0")], "warn", "steps", "nothing is learned"),
    "a log of nothing": ([(SFT, "logging_strategy: 'no'}}\n  sft_if")], "warn", "log", "guards look at nothing but the log"),
    "a log after the end": ([(SFT, "logging_steps: 500}}\n  sft_if")], "warn", "log", "guards look at nothing but the log"),
    "answers without the constraints that they are trained on with": ([("  composite:", "  own: {builder: own_answers, of: if_traces, rows: 4}\n  composite:")], "FAIL", "asked", "20 of 20 rows"),
    "a template for one stage": ([(SFT, "chat_template_path: other.jinja}}\n  sft_if")], "warn", "asked", "arms without the stage"),
    "attention on no constraint": ([("composite: {builder: micro.composites, rows: 20, split: test, pool: test}", "composite: {builder: micro.problems, rows: 20, split: test}"), ("samples: 2", "samples: 2, attention: true")], "FAIL", "evaluation", "no row looked at has one"),
    "no room for the reply that a second pass shows": ([("samples: 2, max_new_tokens: 1000", "samples: 2, max_new_tokens: 2000, modes: [reflect]")], "FAIL", "modes", "4000 passes 4096 positions"),
    "fewer examples than a mode shows": ([("  composite:", "  few: {builder: micro.examples, rows: 2, against: {set: composite}}\n  composite:"), ("samples: 2", "samples: 2, modes: [few_shot-4], examples: few")], "FAIL", "modes", "2 examples, mode few_shot-4 shows 4"),
    "constraints to repeat where there are none": ([("composite: {builder: micro.composites, rows: 20, split: test, pool: test}", "composite: {builder: micro.problems, rows: 20, split: test}"), ("samples: 2", "samples: 2, modes: [think, repeat]")], "FAIL", "modes", "composite: mode repeat: no row has a constraint to repeat"),
    "all of the attention": ([("samples: 2", "samples: 2, modes: [think, spot-100]")], "FAIL", "modes", "leaves nothing for all other tokens"),
    "examples that are evaluated": ([("samples: 2", "samples: 2, modes: [few_shot-2], examples: composite")], "FAIL", "modes", "data.composite: composite-"),
    "a budget that never bites": ([("samples: 2", "samples: 2, modes: [think, budget-1000]")], "FAIL", "evaluation", "never bites"),
    "flash attention on a CPU": ([(SFT, "model_init_kwargs: {attn_implementation: flash_attention_2}}}\n  sft_if")], "FAIL", "attention", "for the CPU"),
    "packed without flash attention": ([(SFT, "packing: true}}\n  sft_if"), ON_A_CARD], "warn", "packing", "without flash attention"),
    "wrapped packing": ([(SFT, "packing: true, packing_strategy: wrapped}}\n  sft_if")], "FAIL", "packing", "rows see each other"),
    "split packing": ([(SFT, "packing: true, packing_strategy: bfd_split}}\n  sft_if")], "FAIL", "packing", "without its prompt"),
    "weights in bfloat16": ([(SFT, "model_init_kwargs: {dtype: bfloat16}}}\n  sft_if")], "warn", "precision", "weights in bfloat16"),
    "half precision": ([(SFT, "fp16: true}}\n  sft_if")], "FAIL", "precision", "fp16 overflows"),
    "no key of peft's": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {rank: 8}")], "FAIL", "lora", "lora.rank: LoraConfig has no such key"),
    "a rank of nothing": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {r: 0}")], "FAIL", "lora", "r is 0"),
    "vLLM on a CPU": ([(GRPO, "use_vllm: true}}\n  rl_if")], "FAIL", "vllm", "for the CPU"),
    "tensor parallel in thirds": ([(GRPO, "use_vllm: true, vllm_tensor_parallel_size: 3}}\n  rl_if"), ON_A_CARD], "FAIL", "vllm", "divides not both"),
    "evaluation by a vLLM that is not here": ([(RUN, RUN + ", engine: vllm")], "warn", "vllm", "not installed here"),
    "arguments of another engine": ([(RUN, RUN + ", vllm: {enforce_eager: true}")], "warn", "vllm", "not read by engine transformers"),

    "heads that three cards cannot share": ([(RUN, RUN + ", processes: 3, engine: vllm, vllm: {tensor_parallel_size: 3}")], "FAIL", "vllm", "attention heads on 3 cards"),
    "more cards for a model than there are": ([(RUN, RUN + ", engine: vllm, vllm: {tensor_parallel_size: 2}")], "FAIL", "launch", "2 cards, but 1 process"),
    "no room beside a reply": ([(RUN, RUN + ", engine: vllm, vllm: {max_model_len: 1000}")], "FAIL", "vllm", "no room for a prompt before 1000"),
    "more room than positions": ([(RUN, RUN + ", engine: vllm, vllm: {max_model_len: 99000}")], "FAIL", "vllm", "the model has"),
    "fewer tokens a step than samples": ([(RUN, RUN + ", engine: vllm, vllm: {max_num_seqs: 64, max_num_batched_tokens: 8}")], "FAIL", "vllm", "8 tokens a step for 64 samples"),
    "rollouts without vLLM on a card": ([ON_A_CARD], "warn", "vllm", "rollouts by transformers"),
    "a RoPE that vLLM never sees": ([(GRPO, "use_vllm: true, model_init_kwargs: {rope_parameters: {rope_theta: 2e4}}}}\n  rl_if")], "FAIL", "rope", "not the one that vLLM asks"),
    "an unknown card": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-79G")], "FAIL", "memory", "did you mean 'H100-80G'"),
    "a job with too few cards": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-80G, slurm: {gpus: 4}")], "FAIL", "launch", "4 GPUs for 8"),
    "a job with too few cards by gres": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-80G, slurm: {gres: 'tmp:1G,gpu:h100:4'}")], "FAIL", "launch", "4 GPUs for 8"),
    "a job with one node of two": ([(RUN, "recipes/accelerate/two_node.yaml, processes: 16, gpu: H100-80G, slurm: {nodes: 1, gpus: 16}")], "FAIL", "launch", "is for 2"),
    "no card named": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8")], "warn", "memory", "no card is named"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_by_name(world: Path, mistake: str) -> None:
    pairs, level, name, part = MISTAKES[mistake]
    Path("other.jinja").write_text(Path("base/chat_template.jinja").read_text().replace("assistant", "bot"))
    assert_found(look(changed(*pairs)), level, name, part)


def test_seven_billion_parameters_do_not_fit_forty_gigabytes_unless_in_parts(world: Path) -> None:
    seven = ("base: base", "base: Qwen/Qwen2.5-7B")  # its shape is known without its files
    found = look(changed(seven, ON_A_CARD))
    assert_found(found, "FAIL", "memory", "of 39 GiB a card (weights 28.4, gradients and optimizer 85.1")
    parts = look(changed(seven, (RUN, "recipes/accelerate/fsdp2.yaml, processes: 8, gpu: H100-80G")))
    assert {one.level for one in parts if one.name == "memory"} == {"ok"}
    assert any("H100-80G hours" in one.text for one in parts if one.name == "cost")


def test_without_card_and_evaluation_no_hours_are_made_up(world: Path) -> None:
    asked = "evaluate:\n  composite: {samples: 2, max_new_tokens: 1000, checkpoints: all}\n"
    costs = [one.text for one in look(changed((asked, ""))) if one.name == "cost"]
    assert "base: 0 updates, 0 tokens trained" in costs


def gpu_hours(recipe: str, of: str) -> float:
    """What the recipe's tasks of a kind take, as the last line of its costs says."""
    total = next(one.text for one in look(recipe) if one.name == "cost" and "(" in one.text)
    return float(total.partition(f"{of} ")[2].partition(")")[0].partition(",")[0])


def test_a_small_model_takes_as_long_as_its_kernels_take_to_start(world: Path) -> None:
    """However little it computes: half as many samples at once, twice the hours; not with vLLM, which starts them in one."""

    def hours(batch: int, engine: str) -> float:
        asked = ("samples: 2", f"samples: 2, batch_size: {batch}")
        recipe = changed(
            asked, (RUN, f"recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-80G, engine: {engine}")
        )
        return gpu_hours(recipe, "evaluation")

    assert hours(8, "transformers") == pytest.approx(2 * hours(16, "transformers"), rel=0.1)
    assert hours(8, "vllm") == hours(16, "vllm") < 0.01 * hours(16, "transformers")


def test_reading_attention_takes_as_long_as_its_passes_take_to_start(world: Path) -> None:
    """However short the replies: a pass for each, so only their number counts."""

    def hours(samples: int, tokens: int) -> float:
        asked = ("samples: 2", f"samples: {samples}, attention: true")
        length = ("max_new_tokens: 1000", f"max_new_tokens: {tokens}")
        recipe = changed(asked, length, (RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-80G"))
        return gpu_hours(recipe, "attention")

    assert hours(2, 1200) == hours(2, 1000) > 0
    assert hours(4, 1000) == pytest.approx(2 * hours(2, 1000), rel=0.1)


def test_a_model_larger_than_a_card_is_spread_over_cards(world: Path) -> None:
    seven = ("base: base", "base: Qwen/Qwen2.5-7B")
    one_card = f"{RUN}, processes: 4, gpu: A100-40G, engine: vllm, vllm: {{gpu_memory_utilization: 0.4"
    found = look(changed(seven, (RUN, f"{one_card}}}")))
    assert_found(found, "FAIL", "memory", "14 GiB of weights, one card lends vLLM 16")
    found = look(changed(seven, (RUN, f"{one_card}, tensor_parallel_size: 2}}")))
    assert any(one.level == "ok" and "2 cards lend vLLM 31" in one.text for one in found), found


VLLM = {
    "__init__.py": "raise ImportError('no card here')",
    "engine/arg_utils.py": "class EngineArgs:\n    dtype: str = 'auto'\n    quantization: str | None = None\n",
    "model_executor/layers/quantization/__init__.py": "QuantizationMethods = Literal['fp8', 'gptq']\n",
}


def test_the_vllm_that_is_installed_is_read_and_not_imported(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in VLLM.items():
        (file := tmp_path / "site" / "vllm" / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "site")
    for arguments, level, part in (
        ("dtype: bfloat16, quantization: fp8", "ok", "installed, dtype bfloat16, quantization fp8"),
        ("quantization: gtpq", "FAIL", "gtpq is unknown, did you mean 'gptq'"),
        ("max_num_seqs: 4", "FAIL", "max_num_seqs: the vLLM that is installed here has no such argument"),
    ):
        found = look(changed((RUN, f"{RUN}, engine: vllm, vllm: {{{arguments}}}")))
        assert any(one.level == level and one.name == "vllm" and part in one.text for one in found), found


def test_a_full_disk_is_found(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(1, 1, 1 << 20)
    monkeypatch.setattr(arithmetic.shutil, "disk_usage", lambda place: usage)
    assert_found(look(), "FAIL", "disk", "0.0 free here")


def test_what_a_stage_has_written_needs_no_more_room(world: Path) -> None:
    def needed() -> float:
        found = look(changed(("base: base", "base: Qwen/Qwen2.5-7B")))
        (text,) = [one.text for one in found if one.name == "disk"]
        return float(text.removeprefix("about ").partition(" GiB")[0].replace(",", ""))

    before, file = needed(), Path("runs/small/stages/sft-s0/checkpoint-5/optimizer.pt")
    file.parent.mkdir(parents=True)
    file.touch()
    os.truncate(file, 50 * 2**30)
    assert needed() == pytest.approx(before - 50, abs=0.2)


PROBLEMS = "problems: {builder: micro.problems, rows: 64, split: train}"
COMPOSITE = "composite: {builder: micro.composites, rows: 20, split: test, pool: test}"


@pytest.mark.parametrize("place", ["p.jsonl", "runs/small/data/problems/rows.jsonl", "c.jsonl"])
def test_a_copy_behind_hundreds_of_rows_is_found(place: str, world: Path) -> None:
    """In a file or a built set that is trained on, and in a file that is evaluated."""
    trained = [row.line() for row in BUILDERS["micro.problems"](rows=64, seed=0, split="train")]
    asked = [row.line() for row in BUILDERS["micro.composites"](rows=20, seed=0, split="test", pool="test")]
    (side, *_), (*_, other) = (asked, trained) if place == "c.jsonl" else (trained, asked)
    many = [{**side, "row": f"r-{n}", "question": f"Which number is {n}?"} for n in range(500)]
    write_jsonl(Path(place), [*many, {**side, "row": "copy", "question": other["question"].upper()}])
    said = {"p.jsonl": PROBLEMS, "c.jsonl": COMPOSITE}.get(place)
    found = look(changed((said, f"{said.partition(':')[0]}: {{file: {place}}}")) if said else RECIPE)
    rows = 64 if place == "c.jsonl" else 501
    assert_found(found, "FAIL", "overlap", f"problems: 1 of {rows} rows looked at ask a problem of composite")


def test_a_set_that_is_looked_at_in_part_is_named_and_one_that_is_built_apart_is_not(world: Path) -> None:
    many = [row.line() for row in BUILDERS["micro.problems"](rows=900, seed=5, split="train")]
    write_jsonl(Path("p.jsonl"), many)
    drawn = "problems: {builder: problems, source: p.jsonl, test_share: 0.0, rows: 450%s}"
    found = look(
        changed(
            (PROBLEMS, drawn % ""),
            ("traces: {builder: micro.traces, rows: 40", "traces: {builder: micro.traces, rows: 900"),
        )
    )
    (told,) = [one for one in found if one.name == "overlap" and one.level == "warn"]
    assert told.text == "composite: only the first 400 rows of a set were looked at beside it: problems"
    found = look(changed((PROBLEMS, drawn % ", against: {set: composite}")))
    (told,) = [one for one in found if one.name == "overlap"]
    assert told.level == "ok" and told.text.endswith("built apart from it: problems"), told


def test_what_is_on_the_hub_is_said_not_to_be_looked_at(world: Path) -> None:
    problems = ("builder: micro.problems, rows: 64", "builder: problems, source: owner/set, rows: 64")
    found = look(changed(("base: base", "base: owner/model"), problems))
    said = {one.name for one in found if one.level == "warn" and "needs the hub" in one.text}
    assert said >= {"positions", "eos", "cut", "prompts", "rewards"}
    assert not [one for one in found if one.level == "FAIL"]


def test_the_micro_ablation_has_no_fault() -> None:
    found = preflight(schema.load(ROOT / "recipes/micro/ablation.yaml"), Path("runs/none"))
    assert [str(one) for one in found if one.level == "FAIL"] == []


def test_an_adapter_of_defaults_is_an_adapter(world: Path) -> None:
    found = look(changed(("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {}")))
    assert any("trains 3,584 parameters of adapters" in one.text for one in found if one.name == "lora"), (
        found
    )
