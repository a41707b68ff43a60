"""`reins check` on a small recipe that is right, and on the same recipe with one mistake at a time."""

import json
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from tiny import CHATML
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from reins.recipes.preflight import Finding, arithmetic, preflight
from reins.recipes.preflight.cards import CARDS
from reins.recipes.preflight.shapes import KNOWN, shape_of
from reins.recipes.recipe import schema

ROOT = Path(__file__).parents[1]
RECIPE = """
name: small
base: base
data:
  traces: {builder: micro.traces, rows: 40, split: train, thought: long, voice: teacher}
  if_traces: {builder: micro.composites, rows: 20, split: train, pool: train, thought: long, voice: teacher}
  problems: {builder: micro.problems, rows: 64, split: train}
  if_prompts: {builder: micro.composites, rows: 32, split: train, pool: train, seed: 3}
  composite: {builder: micro.composites, rows: 20, split: test, pool: test}
stages:
  sft: {trainer: sft, rows: 40, data: {traces: 1.0}, args: {
    per_device_train_batch_size: 2, learning_rate: 1e-3, num_train_epochs: 1.0, max_length: 1200, save_steps: 5}}
  sft_if: {trainer: sft, rows: 40, data: {traces: 0.7, if_traces: 0.3}, args: {
    per_device_train_batch_size: 2, learning_rate: 1e-3, num_train_epochs: 1.0, max_length: 1200, save_steps: 5}}
  rl: {trainer: grpo, rows: 64, data: {problems: 1.0}, rewards: {correct: 1.0, format: 0.1}, args: {
    per_device_train_batch_size: 8, num_generations: 4, max_completion_length: 1000, num_train_epochs: 1.0, save_steps: 10}}
  rl_if: {trainer: grpo, rows: 64, data: {problems: 0.5, if_prompts: 0.5}, rewards: {correct: 1.0, constraints: 1.0}, args: {
    per_device_train_batch_size: 8, num_generations: 4, max_completion_length: 1000, num_train_epochs: 1.0, save_steps: 10}}
arms: {base: [], sft: [sft], rl: [rl], sft_rl: [sft, rl], sft_if: [sft_if], sft_rl_if: [sft_if, rl_if]}
evaluate:
  composite: {samples: 2, max_new_tokens: 1000, checkpoints: all}
launch: {accelerate: recipes/accelerate/cpu.yaml}
"""
SFT, GRPO, RUN = "save_steps: 5}}\n  sft_if", "save_steps: 10}}\n  rl_if", "recipes/accelerate/cpu.yaml"
ON_A_CARD = (RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: A100-40G")


@pytest.fixture
def world(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, "base")
    return tmp_path


def look(text: str = RECIPE) -> list[Finding]:
    Path("recipe.yaml").write_text(text)
    return preflight(schema.load("recipe.yaml"), Path("runs/small"))


def changed(*pairs: tuple[str, str]) -> str:
    text = RECIPE
    for find, put in pairs:
        assert find in text, find
        text = text.replace(find, put, 1)
    return text


def assert_found(found: list[Finding], level: str, name: str, part: str) -> None:
    lines = "\n".join(map(str, found))
    hits = [one for one in found if one.level == level and one.name == name and part in one.text]
    assert hits and all(one.fix for one in hits), lines


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
        *("template", "prefill", "tags", "weights", "rewards", "overlap", "arms", "sequence", "evaluation"),
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
    "an adapter that wants data": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: eva}")], "FAIL", "lora", "starts from data"),
    "an adapter misspelt": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: pisa}")], "FAIL", "lora", "pisa"),
    "a random start": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {init_lora_weights: pissa_niter_4}")], "FAIL", "lora", "random"),
    "a reference that is not the base": ([("rows: 64, data: {problems: 1.0}", "rows: 64, lora: {init_lora_weights: pissa}, data: {problems: 1.0}"), (GRPO, "beta: 0.04}}\n  rl_if")], "FAIL", "lora", "the reference"),
    "a tied embedding": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj, embed_tokens]}")], "FAIL", "lora", "would be trained"),
    "a tied embedding saved": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {target_modules: [q_proj], modules_to_save: [embed_tokens]}")], "FAIL", "lora", "would be trained"),
    "a mode twice": ([("samples: 2", "samples: 2, modes: [think, think]")], "FAIL", "evaluation", "names a mode twice"),
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
    "evaluation cuts what RL trains": ([("max_new_tokens: 1000", "max_new_tokens: 500")], "warn", "evaluation", "RL trains up to 1000"),
    "a budget that never bites": ([("samples: 2", "samples: 2, modes: [think, budget-1000]")], "FAIL", "evaluation", "never bites"),
    "flash attention on a CPU": ([(SFT, "model_init_kwargs: {attn_implementation: flash_attention_2}}}\n  sft_if")], "FAIL", "attention", "for the CPU"),
    "packed without flash attention": ([(SFT, "packing: true}}\n  sft_if"), ON_A_CARD], "warn", "packing", "without flash attention"),
    "wrapped packing": ([(SFT, "packing: true, packing_strategy: wrapped}}\n  sft_if")], "FAIL", "packing", "rows see each other"),
    "weights in bfloat16": ([(SFT, "model_init_kwargs: {dtype: bfloat16}}}\n  sft_if")], "warn", "precision", "weights in bfloat16"),
    "half precision": ([(SFT, "fp16: true}}\n  sft_if")], "FAIL", "precision", "fp16 overflows"),
    "no key of peft's": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {rank: 8}")], "FAIL", "lora", "lora.rank: LoraConfig has no such key"),
    "a rank of nothing": ([("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {r: 0}")], "FAIL", "lora", "r is 0"),
    "vLLM on a CPU": ([(GRPO, "use_vllm: true}}\n  rl_if")], "FAIL", "vllm", "for the CPU"),
    "tensor parallel in thirds": ([(GRPO, "use_vllm: true, vllm_tensor_parallel_size: 3}}\n  rl_if"), ON_A_CARD], "FAIL", "vllm", "divides not both"),
    "rollouts by plain generate": ([ON_A_CARD], "warn", "vllm", "plain generate"),
    "a RoPE that vLLM never sees": ([(GRPO, "use_vllm: true, model_init_kwargs: {rope_parameters: {rope_theta: 2e4}}}}\n  rl_if")], "FAIL", "rope", "not the one that vLLM asks"),
    "an unknown card": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-79G")], "FAIL", "memory", "did you mean 'H100-80G'"),
    "a job with too few cards": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8, gpu: H100-80G, slurm: {gpus: 4}")], "FAIL", "launch", "4 GPUs for 8"),
    "a job with one node of two": ([(RUN, "recipes/accelerate/two_node.yaml, processes: 16, gpu: H100-80G, slurm: {nodes: 1, gpus: 16}")], "FAIL", "launch", "is for 2"),
    "no card named": ([(RUN, "recipes/accelerate/ddp.yaml, processes: 8")], "warn", "memory", "no card is named"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_by_name(world: Path, mistake: str) -> None:
    pairs, level, name, part = MISTAKES[mistake]
    assert_found(look(changed(*pairs)), level, name, part)


def _template(find: str, put: str) -> Callable[[], None]:
    def edit() -> None:
        file = Path("base/chat_template.jinja")
        assert find in file.read_text()
        file.write_text(file.read_text().replace(find, put))

    return edit


def _json(name: str, **values: object) -> Callable[[], None]:
    def edit() -> None:
        file = Path("base", name)
        file.write_text(json.dumps(json.loads(file.read_text()) | values))

    return edit


def _special_tags() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("base")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    tokenizer.save_pretrained("base")


CONTENT = "message['content']"
BASES = {
    "rows padded with the end": (_json("tokenizer_config.json", pad_token="<|im_end|>"), "FAIL", "pad", "padded with"),
    "a turn that ends in text": (_template("<|im_end|>\n", "\nEND\n"), "FAIL", "eos", "closes a turn"),
    "a base that ends otherwise": (_json("generation_config.json", eos_token_id=0), "warn", "generation", "<|endoftext|>"),
    "a template that drops thoughts": (_template(CONTENT, CONTENT + ".split('</think>')[-1]"), "FAIL", "template", "drops the thought"),
    "a template that speaks": (_template("{% for", "{{ '<|im_start|>system\nBe good.<|im_end|>\n' }}{% for"), "warn", "template", "system turn"),
    "a thought opened twice": (_template("<|im_start|>assistant\n", "<|im_start|>assistant\n<think>\n"), "FAIL", "prefill", "opens <think>"),
    "tags lost in decoding": (_special_tags, "FAIL", "tags", "special token"),
    "weights missing": (lambda: Path("base/model.safetensors").unlink(), "FAIL", "model", "no weights"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BASES)
def test_a_mistake_of_the_base_is_found_by_name(world: Path, mistake: str) -> None:
    edit, level, name, part = BASES[mistake]
    edit()
    assert_found(look(), level, name, part)


def test_seven_billion_parameters_do_not_fit_forty_gigabytes_unless_in_parts(world: Path) -> None:
    seven = ("base: base", "base: Qwen/Qwen2.5-7B")  # its shape is known without its files
    found = look(changed(seven, ON_A_CARD))
    assert_found(found, "FAIL", "memory", "of 39 GiB a card (weights 28.4, gradients and optimizer 85.1")
    parts = look(changed(seven, (RUN, "recipes/accelerate/fsdp2.yaml, processes: 8, gpu: H100-80G")))
    assert {one.level for one in parts if one.name == "memory"} == {"ok"}
    assert any("H100-80G hours" in one.text for one in parts if one.name == "cost")


def test_a_full_disk_is_found(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(1, 1, 1 << 20)
    monkeypatch.setattr(arithmetic.shutil, "disk_usage", lambda place: usage)
    assert_found(look(), "FAIL", "disk", "0.0 free here")


def test_what_is_on_the_hub_is_said_not_to_be_looked_at(world: Path) -> None:
    problems = ("builder: micro.problems, rows: 64", "builder: problems, source: owner/set, rows: 64")
    found = look(changed(("base: base", "base: owner/model"), problems))
    said = {one.name for one in found if one.level == "warn" and "needs the hub" in one.text}
    assert said >= {"positions", "eos", "cut", "prompts", "rewards"}
    assert not [one for one in found if one.level == "FAIL"]


def test_the_micro_ablation_has_no_fault() -> None:
    found = preflight(schema.load(ROOT / "recipes/micro/ablation.yaml"), Path("runs/none"))
    assert [str(one) for one in found if one.level == "FAIL"] == []


def test_a_shape_counts_the_parameters_of_the_model_itself(tiny: Path) -> None:
    shape = shape_of(str(ROOT / "recipes/micro/base"))
    model = AutoModelForCausalLM.from_pretrained(ROOT / "recipes/micro/base")
    assert shape and shape.parameters == shape.active == model.num_parameters()
    assert shape.positions == AutoConfig.from_pretrained(ROOT / "recipes/micro/base").max_position_embeddings


@pytest.mark.parametrize(
    ("kind", "sizes", "active"),
    [  # of a layer of 4 experts, 2 take part; the attention, the router and the rest take part always
        ("qwen3_moe", {"num_experts": 4, "moe_intermediate_size": 32, "decoder_sparse_step": 1}, 3 * 64 * 32),
        ("mixtral", {"num_local_experts": 4}, 3 * 64 * 128),
    ],
)
def test_a_mixture_of_experts_has_all_its_parameters_and_those_that_a_token_meets(
    tmp_path: Path, kind: str, sizes: dict[str, int], active: int
) -> None:
    config = AutoConfig.for_model(
        kind, vocab_size=384, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_experts_per_tok=2, **sizes,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(tmp_path)
    shape = shape_of(str(tmp_path))
    assert shape and shape.parameters == model.num_parameters()
    assert shape.parameters - shape.active == 2 * 2 * active


def _weights(change: Callable[[dict], dict]) -> Callable[[], None]:
    def write() -> None:
        held = load_file("base/model.safetensors")
        save_file(change(held), "base/model.safetensors", metadata={"format": "pt"})

    return write


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "a layer": (_weights(lambda held: {name: one for name, one in held.items() if "layers.1" not in name}), "9 of its weights are in no file"),
    "names of torch.compile": (_weights(lambda held: {f"_orig_mod.{name}": one for name, one in held.items()}), "_orig_mod"),
    "an untied head": (_json("config.json", tie_word_embeddings=False), "1 of its weights are in no file, lm_head.weight"),
    "another width": (_json("config.json", intermediate_size=256), "its config makes it ["),
    "an LFS pointer": (lambda: Path("base/model.safetensors").write_text("version https://git-lfs\n"), "git-lfs left"),
    "no JSON": (lambda: Path("base/config.json").write_text("{"), "no JSON"),
    "an empty config": (lambda: Path("base/config.json").write_text("{}"), "model_type None"),
    "an unknown architecture": (_json("config.json", model_type="llama9"), "'llama9' is not in this transformers"),
    "code of its own": (_json("config.json", model_type="mini9", auto_map={"AutoConfig": "a.B"}), "its own code (auto_map) is not run"),
    "quantised": (_json("config.json", quantization_config={"quant_method": "fp8"}), "quantised (fp8)"),
    "sizes that are none": (_json("config.json", num_attention_heads="four"), "cannot be opened"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_base_that_would_start_from_other_weights_or_not_at_all_is_one_line(world: Path, name: str) -> None:
    change, part = BROKEN[name]
    change()
    (found,) = look()
    assert (found.level, found.name) == ("FAIL", "model") and part in found.text and found.fix
    assert "\n" not in str(found)


def test_an_adapter_of_defaults_is_an_adapter(world: Path) -> None:
    found = look(changed(("data: {traces: 1.0}", "data: {traces: 1.0}, lora: {}")))
    assert any("trains 3,584 parameters of adapters" in one.text for one in found if one.name == "lora"), (
        found
    )


def test_a_base_without_a_pad_token_and_a_template_that_sets_blank_lines_train_as_they_should(
    world: Path,
) -> None:
    _json("tokenizer_config.json", pad_token=None)()
    template = Path("base/chat_template.jinja")
    blank = "message['content'] | replace('</think>\\n', '</think>\\n\\n')"
    template.write_text(template.read_text().replace("message['content']", blank))
    assert [str(one) for one in look() if one.level == "FAIL"] == []


TOKENS: dict[str, tuple[Callable[[], object], str, str]] = {
    "flags that cannot be saved": (_json("generation_config.json", temperature=0.6), "generation", "cannot be saved"),
    "no generation prompt": (lambda: Path("base/chat_template.jinja").write_text(CHATML.partition("{% if add")[0]), "template", "with and without"),
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_what_the_bases_own_files_say_is_found(world: Path, name: str) -> None:
    change, finding, part = TOKENS[name]
    change()
    assert_found(look(), "FAIL", finding, part)


def test_tokens_that_the_model_does_not_embed_are_found(world: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained("base")
    tokenizer.add_tokens(["<new>"])
    tokenizer.save_pretrained("base")
    assert_found(look(), "FAIL", "tokens", "the model embeds")


def test_the_known_shapes_have_the_sizes_that_their_names_say() -> None:
    sizes = {
        "1.5B": (1.5e9, 1.8e9),
        "7B": (7.6e9, 7.7e9),
        "32B": (32e9, 33e9),
        "4B": (4e9, 4.1e9),
        "8B": (8e9, 8.3e9),
    }
    for name in KNOWN:
        shape = shape_of(name)
        assert shape and shape.active == shape.parameters
        low, high = sizes[next(part for part in name.split("-") if part in sizes)]
        assert low < shape.parameters < high, name
    assert CARDS["H100-80G"].rate == 989e12
