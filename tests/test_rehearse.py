"""A rehearsal runs every recipe whole, small, on a CPU; what it runs instead of the recipe is all said."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reins.eval.io.errors import InputError
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load
from reins.recipes.rehearse.rehearse import differences, reduced
from reins.recipes.rehearse.tiny_model import FAMILIES, make

RECIPES = Path(__file__).parents[1] / "recipes"
ALL = sorted(
    file for file in RECIPES.glob("*/*.yaml") if file.parent.name in ("micro", "qwen", "siblings", "smollm2")
)
WHOLE = [file for file in ALL if {"arms", "models"} & yaml.safe_load(file.read_text()).keys()]
ALIKE = {
    r"R1-Distill-Qwen": "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
    r"R1-Distill-Llama": "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    r"Qwen3": "Qwen/Qwen3-4B",
    r"Qwen2\.5-Math-[\d.]+B-Instruct": "Qwen/Qwen2.5-Math-7B-Instruct",
    r"Qwen2\.5-Math": "Qwen/Qwen2.5-Math-1.5B",
    r"Qwen2\.5-.*Instruct|s1-|s1\.1-|OlympicCoder": "Qwen/Qwen2.5-7B-Instruct",
    r"Qwen2\.5": "Qwen/Qwen2.5-1.5B",
    r"SmolLM2-.*Instruct": "HuggingFaceTB/SmolLM2-135M-Instruct",
    r"Llama-3.*Instruct": "meta-llama/Llama-3.1-8B-Instruct",
}


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_rehearsal_keeps_stages_arms_and_sets_and_says_every_value_that_differs(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reins.recipes.rehearse.tiny_model.make", lambda model, folder: None)
    recipe = check(load(file), file)
    small = reduced(recipe, tmp_path, online=False)
    assert small.arms == recipe.arms and small.against == recipe.against and small.seeds == recipe.seeds
    assert [one.keys() for one in (small.data, small.stages, small.evaluate, small.models)] == [
        one.keys() for one in (recipe.data, recipe.stages, recipe.evaluate, recipe.models)
    ]
    for name, stage in recipe.stages.items():
        other = small.stages[name]
        assert (other.data, other.add, other.rewards, other.lora) == (
            stage.data, stage.add, stage.rewards, stage.lora,
        )  # fmt: skip
        assert other.args.get("learning_rate") == stage.args.get("learning_rate")
    said = "\n".join(differences(recipe, small))
    assert f"name: {recipe.name} → {recipe.name}.rehearsal" in said
    assert "learning_rate" not in said and "rewards" not in said
    assert differences(recipe, recipe) == []


def test_a_rehearsal_keeps_as_many_examples_as_a_mode_shows(tmp_path: Path) -> None:
    file = tmp_path / "shots.yaml"
    file.write_text(
        "name: shots\nbase: recipes/micro/base\narms: {base: []}\n"
        "data: {e: {builder: micro.composites, rows: 20}, x: {builder: micro.examples, rows: 16, kind: story}}\n"
        "evaluate: {e: {modes: [think, few_shot, few_shot-10], examples: x}}\n"
    )
    assert reduced(check(load(file), file), tmp_path, online=False).data["x"].rows == 10


def test_alike_differences_are_one_line(tmp_path: Path) -> None:
    file = RECIPES / "micro" / "ablation.yaml"
    recipe = check(load(file), file)
    lines = differences(recipe, reduced(recipe, tmp_path, online=False))
    (line,) = [line for line in lines if ".max_completion_length " in line]
    assert line == "  stages.*.args.max_completion_length (rl, rl_if, rl_random): 224 → 24"


def test_an_example_of_every_family_is_tested() -> None:
    assert ALIKE.keys() == FAMILIES.keys()


@pytest.mark.parametrize("model", ALIKE.values())
def test_a_tiny_model_speaks_like_its_family(model: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    make(model, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    ends = AutoModelForCausalLM.from_pretrained(tmp_path).generation_config.eos_token_id
    turns = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    closing = text[text.rfind("4") + 1 :].strip()
    if "Instruct" in model or "Qwen3" in model or "R1" in model:
        assert closing == tokenizer.eos_token == tokenizer.decode(ends[0])
    else:  # a base ends texts, its template ends turns: by another token
        assert (closing, tokenizer.eos_token) == ("<|im_end|>", "<|endoftext|>")
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text
    asked = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert asked.endswith("<think>\n") == ("R1" in model)
    assert ("reason step by step" in asked) == ("Math" in model)


def test_a_tiny_model_is_the_same_every_time_and_follows_a_folder(tmp_path: Path) -> None:
    for name in "ab":
        make(str(RECIPES / "micro" / "base"), tmp_path / name)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    assert (tmp_path / "a" / "tokenizer.json").exists() and '"llama"' in (
        tmp_path / "a/config.json"
    ).read_text()


def test_an_unknown_model_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="someone/other: neither the hub nor a cache .*give a folder, or go online"
    ):
        make("someone/other", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "arms"),
    [
        ("micro/ablation", ["base", "sft_self"]),
        ("qwen/qwen2.5-math-1.5b", ["base", "sft_rl_if"]),
        ("qwen/response_length", ["rl_1k"]),
        ("qwen/lora_if", ["sft_lora_if"]),
        ("qwen/if_share", ["rl_5"]),
        ("qwen/aggregation", ["rl_normalize"]),
        ("qwen/classifier", ["base", "classifier"]),
        ("qwen/thinking", ["base"]),
        ("siblings/mathif", ["qwen_32b_instruct", "s1_32b"]),
    ],
)
def test_one_recipe_of_every_kind_can_be_rehearsed(
    recipe: str, arms: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = RECIPES / f"{recipe}.yaml"
    done = _rehearse(file, *(f"--arm={arm}" for arm in arms), f"--seed={load(file).seeds[0]}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all went well" in done.stdout
    assert list(tmp_path.glob("runs/*.rehearsal/report/index.html"))


@pytest.mark.slow
def test_a_rehearsal_stops_at_the_first_thing_that_would_go_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("recipe.yaml").write_text(
        "name: drops\nbase: deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B\n"
        "data: {traces: {builder: micro.traces, rows: 400}, composite: {builder: micro.composites, rows: 60}}\n"
        "stages: {sft: {trainer: sft, data: {traces: 1.0}}}\narms: {sft: [sft]}\nevaluate: {composite: {}}\n"
    )
    done = _rehearse(Path("recipe.yaml"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "stage sft-s0: " in done.stderr and "template: drops a part of the completion" in done.stderr


def _rehearse(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reins.recipes.cli", "run", str(file), "--rehearse", *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)
