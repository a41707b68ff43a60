"""Guards stop what teaches nothing any more, say why and from where to go on, and leave sound runs alone."""

import pytest
import torch
from stages import launch, lines, make_stage, train

from reins.eval.verify.answers import Grader
from reins.train import guards, rewards, sft
from reins.train.grpo import told_alike
from reins.train.guards import Stopped, collapsed, wrong

FINE = {"loss": 0.1, "grad_norm": 0.2, "reward": 1.0, "entropy": 0.5, "completions/mean_length": 40.0}


def stopped(config, trainer="sft"):
    with pytest.raises(Stopped) as caught:
        train(config, trainer)
    assert "\n" not in str(caught.value) and not (config.parent / "done.json").exists()
    return str(caught.value)


@pytest.mark.parametrize("logging_steps", [1, 3])
def test_a_loss_that_is_no_number_stops_before_anything_is_saved(base, tmp_path, monkeypatch, logging_steps):
    config = make_stage(tmp_path / "sft", base, "sft", {"save_steps": 2, "logging_steps": logging_steps})
    right = sft.Trainer.compute_loss

    def broken(self, *args, **kwargs):
        return right(self, *args, **kwargs) * (torch.nan if self.state.global_step == 3 else 1)

    monkeypatch.setattr(sft.Trainer, "compute_loss", broken)
    last = config.parent / "checkpoint-2"
    assert stopped(config) == f"step 4: loss is nan; last good checkpoint: {last}"
    assert not (config.parent / "checkpoint-4").exists()
    assert stopped(config) == f"step 4: loss is nan; last good checkpoint: {last}"


def test_a_gradient_that_is_infinite_stops(base):
    assert wrong([FINE, FINE | {"grad_norm": float("inf")}]) == "grad_norm is inf"
    assert wrong([FINE | {"grad_norm": float("inf")}], fp16=True) is None
    assert wrong([FINE]) is None


@pytest.mark.parametrize(
    ("key", "limit", "said"),
    [
        ("completions/clipped_ratio", 0.5, "for 20 logged steps more than 50% of the completions are cut"),
        ("zero_variance_groups", 0.9, "for 20 logged steps more than 90% of the groups have equal rewards"),
    ],
)
def test_what_teaches_nothing_stops_after_twenty_steps_in_a_row(key, limit, said):
    over, at = FINE | {key: limit + 0.01}, FINE | {key: limit}
    assert wrong([over] * 19) is None
    assert wrong([over] * 20).startswith(said)
    assert wrong([over] * 19 + [at] + [over] * 19) is None
    assert wrong([at] * 40) is None


def test_a_stage_whose_completions_are_all_cut_stops_and_says_so(base, tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "PATIENCE", 3)
    config = make_stage(tmp_path / "rl", base, "grpo", {"max_completion_length": 1, "save_steps": 1})
    said = stopped(config, "grpo")
    assert said.startswith("step 3: for 3 logged steps more than 50% of the completions are cut")
    assert said.endswith(f"last good checkpoint: {config.parent / 'checkpoint-2'}")
    assert stopped(config, "grpo") == said


def test_groups_that_no_reward_tells_apart_are_counted(base, tmp_path):
    """A reward that is always the same is seen whatever way rewards are added up."""
    for name, how in {"a": "sum_then_normalize", "b": "normalize_then_sum"}.items():
        args = {"max_steps": 1, "save_strategy": "no", "multi_objective_aggregation": how}
        out = train(make_stage(tmp_path / name, base, "grpo", args, rewards={"format": 1.0}), "grpo")
        assert lines(out / "log.jsonl")[1]["zero_variance_groups"] == 1.0
    out = train(make_stage(tmp_path / "c", base, "grpo", {"max_steps": 1}, rewards={"random": 1.0}), "grpo")
    assert lines(out / "log.jsonl")[1]["zero_variance_groups"] < 1.0


def test_a_completion_without_any_reward_makes_no_group_uneven():
    """As the grader ran out of time on it; a reward that does not apply to a row is another thing."""
    none = float("nan")
    even = [[1.0, none], [none, none], [1.0, none]]
    uneven = [[1.0, none], [1.0, 0.5], [1.0, none]]
    nothing = [[none, none]] * 3
    assert told_alike(torch.tensor([*even, *uneven, *nothing]), 3).tolist() == [True, False, True]


def test_a_collapse_is_told_once_each_time(capsys):
    low = FINE | {"entropy": 0.04}
    log, told = [FINE] * 6, []
    for entry in [low, low, FINE, low]:
        log.append(entry)
        told += collapsed(log)
    assert told == ["entropy has collapsed to 0.04, below 10% of what it was at first"] * 2
    assert collapsed([FINE] * 6 + [FINE | {"completions/mean_length": 3}])[0].startswith(
        "length of completions"
    )
    assert collapsed([FINE] * 6 + [{"loss": 0.1, "entropy": 0.001}]) == []


def test_a_reward_that_is_wrong_from_the_start_stops(base, tmp_path, monkeypatch):
    monkeypatch.setitem(rewards.RULES, "constraints", lambda one: 1.0)
    said = stopped(make_stage(tmp_path / "rl", base, "grpo"), "grpo")
    assert said.startswith("step 0: reward 'constraints' gives 1.0 for ") and "not 0.5" in said


def test_a_grader_that_dies_amid_training_stops(base, tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "SENTINEL_EVERY", 2)
    config, right, asked = make_stage(tmp_path / "rl", base, "grpo"), Grader.grade_many, []

    def dying(self, pairs):
        asked.append(pairs)
        return right(self, pairs) if len(asked) < 4 else ["wrong"] * len(pairs)

    monkeypatch.setattr(Grader, "grade_many", dying)
    said = stopped(config, "grpo")
    assert said.startswith("step 2: reward 'correct' gives 0.0") and "last good checkpoint" in said


@pytest.mark.slow
def test_a_stop_is_one_line_and_an_exit_status(base, tmp_path):
    args = {"max_steps": 40, "max_completion_length": 4, "logging_steps": 1}
    child = launch(make_stage(tmp_path / "rl", base, "grpo", args), trainer="grpo")
    text, _ = child.communicate()
    assert child.returncode and text.count("stopped: step ") == 1, text


def test_what_the_micro_ablation_logs_stops_and_warns_nowhere():
    """From its run of 2026-11-20: first values, and the worst of any of its 50 steps, by arm."""
    for first, worst in [
        (
            {"entropy": 0.133, "completions/mean_length": 35.9},
            {"entropy": 0.065, "completions/mean_length": 31.5},
        ),
        (
            {"entropy": 0.040, "completions/mean_length": 130.1},
            {"entropy": 0.026, "completions/mean_length": 87.0},
        ),
        (
            {"entropy": 0.078, "completions/mean_length": 128.0},
            {"entropy": 0.041, "completions/mean_length": 85.9},
        ),
    ]:
        over = {"completions/clipped_ratio": 0.117, "zero_variance_groups": 0.75, "grad_norm": 0.307}
        log = [FINE | first] * 5 + [FINE | worst | over] * 45
        for end in range(1, len(log) + 1):
            assert wrong(log[:end]) is None and collapsed(log[:end]) == []
