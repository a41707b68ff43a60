"""A small recipe that is right, the same with a mistake in it, and what `reins check` finds in either."""

from pathlib import Path

from reins.recipes.preflight import Finding, preflight
from reins.recipes.recipe import schema

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
