"""Rows against rewards, arm against arm, stage after stage."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from ...eval.sample.modes.names import parse_mode
from ...eval.verify.rows import Row
from ..recipe.schema import Evaluation as Settings
from ..recipe.schema import Stage
from .finding import Finding
from .lengths import tokens_of
from .material import Material

JUDGES = {"correct": "answer", "constraints": "constraints", "constraints_all": "constraints"}
ANSWER_REWARDS = {"correct", "constraints", "constraints_all"}


def rewards(material: Material) -> Iterator[Finding]:
    """Every row is judged by a reward, every reward judges some rows, and the weights can pay."""
    for name, stage in material.stages.items():
        if stage.trainer != "grpo":
            continue
        yield from _weights(name, stage)
        for set_name in material.taken(stage):
            rows = material.rows(set_name)
            if rows is None:
                yield Finding("warn", "rewards", f"{name}: rows of {set_name} {material.why(set_name)}")
                continue
            judged = {reward: sum(_applies(reward, row) for row in rows) for reward in stage.rewards}
            unjudged = sum(not any(_applies(reward, row) for reward in stage.rewards) for row in rows)
            shares = ", ".join(f"{reward} {count / len(rows):.0%}" for reward, count in judged.items())
            if unjudged:
                text = f"{name}: no reward judges {unjudged} of {len(rows)} rows of {set_name}"
                yield Finding("FAIL", "rewards", text, "a reward for them, or take them out")
            else:
                yield Finding("ok", "rewards", f"{name}: of the rows of {set_name} are judged by {shares}")
        yield from _idle(material, name, stage)


def _weights(name: str, stage: Stage) -> Iterator[Finding]:
    if wrong := [reward for reward, weight in stage.rewards.items() if weight <= 0]:
        text = f"{name}: the weight of {', '.join(wrong)} is not above 0"
        yield Finding("FAIL", "weights", text, "a weight above 0, or take it out")
    elif "random" in stage.rewards and len(stage.rewards) > 1:
        yield Finding("warn", "weights", f"{name}: a coin beside real rewards is noise", "random alone")
    elif {"constraints", "constraints_all"} <= set(stage.rewards):
        yield Finding("warn", "weights", f"{name}: constraints and constraints_all pay twice", "one of them")
    elif stage.rewards.get("format", 0) > min(
        (weight for reward, weight in stage.rewards.items() if reward in ANSWER_REWARDS), default=1.0
    ):
        text = f"{name}: format pays more than an answer does, {stage.rewards}"
        yield Finding("warn", "weights", text, "0.1, as the paper")
    else:
        yield Finding("ok", "weights", f"{name}: {stage.rewards}")


def _idle(material: Material, name: str, stage: Stage) -> Iterator[Finding]:
    """A reward that judges no row at all."""
    row_lists = [material.rows(set_name) for set_name in material.taken(stage)]
    if None not in row_lists:
        for reward in stage.rewards:
            if not any(_applies(reward, row) for rows in row_lists for row in rows or []):
                yield Finding(
                    "FAIL", "rewards", f"{name}: {reward} judges no row", "take it out, or mix rows in"
                )


def _applies(reward: str, row: Row) -> bool:
    return bool(getattr(row, JUDGES[reward])) if reward in JUDGES else True


def arms(material: Material) -> Iterator[Finding]:
    """Two stages of one trainer may differ in data or rewards, or in an argument, but not in both."""
    alone = 0
    for a, b in combinations(material.stages, 2):
        first, second = material.stages[a], material.stages[b]
        if first.trainer != second.trainer or _follows(material, a, b) or _crossed(material, a, b):
            continue
        fed, how = _differences(first, second)
        if fed and how:
            text = f"{b}: differs from {a} in {', '.join(fed)} and also in {', '.join(how)}"
            yield Finding("warn", "arms", text, f"give {b} what {a} has, or name it for both")
        elif (how or first.add == second.add) and material.steps(first) != material.steps(second):
            differ = ", ".join(fed + how)
            text = (
                f"{b}: {material.steps(second)} updates, {a} {material.steps(first)}; they differ in {differ}"
            )
            yield Finding("warn", "arms", text, "equal updates, where they are compared")
        else:
            alone += 1
    if alone:
        yield Finding(
            "ok", "arms", f"{alone} pairs of stages differ in data and rewards alone, or in arguments alone"
        )
    if material.recipe.arms and all(arm.stages for arm in material.recipe.arms.values()):
        yield Finding(
            "FAIL", "arms", "every arm is trained: nothing to compare them with", "base: [] beside them"
        )
    for a, b in combinations(material.recipe.arms, 2):
        if material.recipe.arms[a].stages == material.recipe.arms[b].stages:
            yield Finding("FAIL", "arms", f"{b}: the stages of {a}", "one name for them, or other stages")


def _differences(first: Stage, second: Stage) -> tuple[list[str], list[str]]:
    """(what they are fed and paid by, how they are trained)."""
    fed = [key for key in ("data", "add", "rewards") if getattr(first, key) != getattr(second, key)]
    keys = sorted({*first.args, *second.args})
    how = [f"args.{key}" for key in keys if first.args.get(key) != second.args.get(key)]
    return fed, how + [
        key for key in ("lora", "rows", "teacher") if getattr(first, key) != getattr(second, key)
    ]


def _follows(material: Material, a: str, b: str) -> bool:
    """Whether some arm trains by both, one after the other: they are not set against each other."""
    return any(a in arm.stages and b in arm.stages for arm in material.recipe.arms.values())


def _crossed(material: Material, a: str, b: str) -> bool:
    """Whether one is in arms that factors tell apart: what differs there is said by name, and analysed by it."""
    return any(arm.factors and {a, b} & {*arm.stages} for arm in material.recipe.arms.values())


def sequence(material: Material) -> Iterator[Finding]:
    """What SFT teaches must have room in the rollouts of a stage that follows."""
    for first, second in sorted(
        {pair for arm in material.recipe.arms.values() for pair in pairwise(arm.stages)}
    ):
        sft, rl = material.recipe.stages[first], material.recipe.stages[second]
        if sft.trainer != "sft" or not rl.rolls_out:
            continue
        room = material.args(rl)["max_completion_length"]
        answers = [answer for _, answer in tokens_of(material, sft)]
        if answers:
            over = sum(answer > room for answer in answers) / len(answers)
            summary = f"{second}: {over:.0%} of the completions that {first} teaches pass its {room} tokens"
        else:
            taught = material.args(sft)["max_length"] or 0
            over = float(taught > 2 * room)
            summary = f"{second}: {first} teaches up to {taught} tokens, its completions are cut at {room}"
        fix = "a longer max_completion_length; the paper has 8,192 and then 3,072"
        yield Finding("warn" if over > 0.1 else "ok", "sequence", summary, fix if over > 0.1 else "")


def evaluation(material: Material) -> Iterator[Finding]:
    """Samples that differ, lengths that let RL's completions end, modes that fit in."""
    rl = [stage for stage in material.stages.values() if stage.rolls_out]
    longest = max((material.args(stage)["max_completion_length"] for stage in rl), default=0)
    for name, settings in material.recipe.evaluate.items():
        yield _sampled(name, settings, longest)
        rows = material.questions(name) if settings.attention else None
        if rows and not any(row.constraints for row in rows):
            text = f"{name}: attention on constraints is asked for, and no row looked at has one"
            yield Finding("FAIL", "evaluation", text, "take attention out, or another set")


def _sampled(name: str, settings: Settings, longest: int) -> Finding:
    """`longest`: the rollouts that training draws, in tokens."""
    room, samples = settings.max_new_tokens, settings.samples
    budgets = [parse_mode(mode).number for mode in settings.modes if mode.startswith("budget")]
    if settings.temperature == 0 and samples > 1:
        text = f"{name}: {samples} samples at temperature 0 are {samples} times the same"
        return Finding("FAIL", "evaluation", text, "samples: 1, or a temperature")
    if room < longest:
        text = f"{name}: max_new_tokens {room}, rollouts have up to {longest}"
        return Finding("warn", "evaluation", text, f"max_new_tokens: {longest}")
    if max(budgets, default=0) >= room:
        text = f"{name}: a budget of {max(budgets)} tokens in max_new_tokens {room} never bites"
        return Finding("FAIL", "evaluation", text, "a smaller budget, or more tokens")
    return Finding("ok", "evaluation", f"{name}: {samples} sample(s) of up to {room} tokens")
