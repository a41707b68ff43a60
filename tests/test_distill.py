"""On-policy distillation: a stage like any other, in which a model learns from what another would have said."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from stages import kill_after, launch, lines, make_stage, refused, same, steady, train, weights
from tiny import make_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DistillationConfig, DistillationTrainer

from reins.eval.io.errors import InputError
from reins.recipes.plan.plan import plan
from reins.recipes.preflight import preflight
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load
from reins.train import distill

RECIPE = """
name: repair
base: recipes/micro/base
data:
  traces: {builder: micro.traces, rows: 40}
  prompts: {builder: micro.composites, rows: 40, split: train, pool: train}
  composite: {builder: micro.composites, rows: 12, split: test, pool: test}
stages:
  sft: {trainer: sft, rows: 40, data: {traces: 1.0}}
  own: {trainer: distill, rows: 36, data: {prompts: 1.0}, args: {
    per_device_train_batch_size: 4, gradient_accumulation_steps: 2, num_train_epochs: 3, max_completion_length: 100}}
  more: {trainer: distill, teacher: taught, rows: 36, data: {prompts: 1.0}, args: {max_steps: 20}}
arms: {base: [], sft: [sft], taught: [sft, own], other: [more]}
evaluate: {composite: {samples: 2}}
"""
LORA = {"r": 4, "target_modules": "all-linear", "lora_dropout": 0.1}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another random model of the tiny one's shape and vocabulary."""
    return make_tiny(tmp_path_factory.mktemp("teacher"), seed=1)


def test_a_teacher_is_the_base_or_an_arm_that_is_trained_before(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE)
    recipe = check(load(file), file)
    tasks = plan(recipe, tmp_path / "run", ["other"])
    last, own = tasks["stage more-s0"], tasks["stage sft.own-s0"]
    assert last.needs == ("stage sft.own-s0", "rows more-s0")
    assert own.config["teacher"] == "recipes/micro/base" == last.config["model"]
    assert last.config["teacher"] == str(tmp_path / "run" / "stages" / "sft.own-s0" / "final")
    assert (
        "36 rows, 12 steps, at most 9,600 tokens" in own.note
    )  # whole batches of 8 prompts, three times over
    assert tasks["rows own-s0"].config["trainer"] == "grpo"  # rows without a response will do
    assert "eval sft.own-s0" not in tasks
    found = [str(finding) for finding in preflight(recipe, tmp_path / "run") if finding.level == "FAIL"]
    assert found == []


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("teacher: taught", "teacher: taugt", "stages.more.teacher: unknown arm 'taugt'; did you mean 'taught'"),
        ("teacher: taught", "teacher: other", "stages.more.teacher: 'other' is trained by this stage"),
        ("trainer: distill, rows", "trainer: distill, teacher: other, rows", "stages.own.teacher: 'other' is tr"),
        ("{traces: 1.0}}", "{traces: 1.0}, teacher: base}", "stages.sft.teacher: sft has none; take it out"),
        ("{max_steps: 20}", "{beta: 1.5}", "stages.more.args.beta: 1.5; from 0, the forward KL, to 1"),
        ("{max_steps: 20}", "{teacher_model_name_or_path: x}", "not settled here: it is the stage's `teacher`"),
        ("{max_steps: 20}", "{num_generations: 4}", "DistillationConfig has no such key"),
        ("{max_steps: 20}", "{teacher_model_init_kwargs: {trust_remote_code: true}}", "no code of a model's own"),
        ("{max_steps: 20}", "{}, rewards: {correct: 1.0}", "GRPO stages have rewards, others none"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(find: str, put: str, message: str, tmp_path: Path) -> None:
    assert find in RECIPE
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE.replace(find, put))
    with pytest.raises(InputError, match=message):
        check(load(file), file)


@pytest.mark.parametrize(("lora", "rate"), [(None, 3e-3), (LORA, 3e-2)])
def test_a_student_nears_its_teacher_and_a_killed_stage_ends_in_the_same_bits(
    lora: dict | None, rate: float, base: Path, teacher: Path, tmp_path: Path
) -> None:
    """24 prompts in batches of 8: the checkpoint gone on from lies within the second epoch."""
    args = {"max_steps": 8, "per_device_train_batch_size": 8, "learning_rate": rate}
    changes = {"teacher": str(teacher), **({"lora": lora} if lora else {})}
    whole = train(make_stage(tmp_path / "a" / "stage", base, "distill", args, **changes), "distill")
    logged = [entry["loss"] for entry in lines(whole / "log.jsonl")[1:]]
    assert sum(logged[-3:]) < 0.9 * sum(logged[:3])
    config = make_stage(tmp_path / "b" / "stage", base, "distill", args, **changes)
    again = train(config, "distill")
    shutil.rmtree(again / "final")
    (again / "done.json").unlink()
    (again / "checkpoint-6" / "optimizer.pt").write_bytes(b"half")
    train(config, "distill")
    assert same(weights(whole), weights(again))
    assert not same(weights(whole), load_file(base / "model.safetensors"))
    assert steady(whole / "log.jsonl") == steady(again / "log.jsonl")
    assert (whole / "done.json").read_text() == (again / "done.json").read_text()


def test_a_model_that_teaches_itself_has_nothing_to_learn(base: Path, tmp_path: Path) -> None:
    args = {"max_steps": 2, "save_strategy": "no", "weight_decay": 0.0}
    out = train(make_stage(tmp_path / "own", base, "distill", args, teacher=str(base)), "distill")
    assert all(abs(entry["loss"]) < 1e-6 for entry in lines(out / "log.jsonl")[1:])


def test_the_loss_of_slices_is_trls_of_the_whole_batch(base: Path, teacher: Path, tmp_path: Path) -> None:
    """Prompts padded on the left, completions on the right, of mixed length; value, entropy, count and gradient."""
    args = DistillationConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", beta=0.5, activation_checkpointing=False
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(base)
    trainer = distill.Trainer(
        str(base), str(teacher), args, [{"prompt": "How many?"}] * 8, processing_class=tokenizer
    )
    batch = {
        key: torch.randint(3, 300, (40, width)) for key, width in (("prompt_ids", 30), ("completion_ids", 40))
    }
    batch["prompt_mask"] = (torch.arange(30) >= torch.arange(40)[:, None] % 20).long()
    batch["completion_mask"] = (torch.arange(40) <= torch.arange(40)[:, None] % 39).long()
    count, found = batch["completion_mask"].sum(), []
    for loss_of in (trainer._compute_loss, lambda *of: DistillationTrainer._compute_loss(trainer, *of)):
        trainer.model.zero_grad()
        loss, entropy, tokens = loss_of(trainer.model, batch, count)
        loss.backward()
        found.append((loss, entropy, trainer.model.model.embed_tokens.weight.grad.clone()))
        assert tokens == count
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_teacher_that_cannot_teach_is_refused(base: Path, tmp_path: Path) -> None:
    assert "config.yaml: teacher: none given" in refused(
        make_stage(tmp_path / "a", base, "distill"), "distill"
    )
    other = make_tiny(tmp_path / "other")
    model = AutoModelForCausalLM.from_pretrained(other)
    model.resize_token_embeddings(model.config.vocab_size + 8)
    model.save_pretrained(other)
    stage = make_stage(tmp_path / "b", base, "distill", teacher=str(other))
    assert "which requires a shared vocabulary" in refused(stage, "distill")
    args = {"per_device_train_batch_size": 32}
    stage = make_stage(tmp_path / "c", base, "distill", args, teacher=str(base))
    assert "24 rows, but an update takes 32 prompts; add rows" in refused(stage, "distill")


@pytest.mark.slow
def test_two_processes_go_on_from_a_checkpoint_to_the_same_bits(
    base: Path, teacher: Path, tmp_path: Path
) -> None:
    settings = {"teacher": str(teacher), "world_size": 2, "wrapper": "ddp"}
    config = make_stage(tmp_path / "stage", base, "distill", {"per_device_train_batch_size": 4}, **settings)
    text, _ = (child := launch(config, "cpu_ddp.yaml", "distill")).communicate()
    assert child.returncode == 0, text
    out = config.parent
    before, logged = weights(out), steady(out / "log.jsonl")
    shutil.rmtree(out / "final")
    (out / "done.json").unlink()
    (out / "checkpoint-4" / "whole.json").unlink()
    text, _ = (child := launch(config, "cpu_ddp.yaml", "distill")).communicate()
    assert child.returncode == 0 and f"goes on from {out}/checkpoint-2" in text, text
    assert same(before, weights(out)) and logged == steady(out / "log.jsonl")


@pytest.mark.slow
def test_a_stage_killed_by_nine_ends_in_the_same_bits(base: Path, teacher: Path, tmp_path: Path) -> None:
    configs = [
        make_stage(tmp_path / name / "stage", base, "distill", {"max_steps": 18}, teacher=str(teacher))
        for name in "ab"
    ]
    whole, out = train(configs[0], "distill"), configs[1].parent
    kill_after(configs[1], "checkpoint-4", "distill")
    assert not (out / "done.json").exists()
    text, _ = (child := launch(configs[1], trainer="distill")).communicate()
    assert child.returncode == 0 and "goes on from" in text, text
    assert same(weights(whole), weights(out)) and steady(whole / "log.jsonl") == steady(out / "log.jsonl")
