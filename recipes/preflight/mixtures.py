"""Rows against rewards, training against evaluation, arm against arm, stage after stage."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from ...data_builders.decontaminate import Evaluation
from ...eval.sample.modes.names import parse_mode
from ...eval.verify.rows import Row
from ..recipe.resolve import ancestors
from ..recipe.schema import Evaluation as Settings
from ..recipe.schema import Stage
from ..recipe.sets import BuiltSet
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


def overlap(material: Material) -> Iterator[Finding]:
    """Problems that are trained on and evaluated too: the same letters and digits in the same order."""
    taken = (set_name for stage in material.stages.values() for set_name in material.taken(stage))
    trained = list(dict.fromkeys(taken))
    for name in material.recipe.evaluate if trained else []:
        if name in trained:
            yield Finding("FAIL", "overlap", f"{name}: trained on and evaluated", "a set of its own for each")
        else:
            yield from _beside(material, name, trained)


def _beside(material: Material, name: str, trained: list[str]) -> Iterator[Finding]:
    """What the rows at hand of the sets that are trained on have of an evaluated set, and which were not looked at."""
    questions = material.questions(name)
    rows = {set_name: material.questions(set_name) for set_name in trained if questions is not None}
    looked_at = {set_name: known for set_name, known in rows.items() if known is not None}
    evaluation = Evaluation(questions or [])
    copies = {
        set_name: sum(_copies(evaluation, row) for row in known) for set_name, known in looked_at.items()
    }
    for set_name, count in copies.items():
        if count:
            text = f"{set_name}: {count} of {len(looked_at[set_name])} rows looked at ask a problem of {name}, which is evaluated"
            fix = f"against: [{name}'s source] in data.{set_name}, or another split"
            yield Finding("FAIL", "overlap", text, fix)
    rest = [set_name for set_name in trained if set_name not in looked_at]
    apart = [
        set_name
        for set_name in rest
        if _published(material, name) in _against(material, set_name) or _other_half(material, name, set_name)
    ]
    unknown = [set_name for set_name in rest if set_name not in apart]
    if unknown:
        text = f"{name}: not looked at beside it, and not built apart from it: {', '.join(unknown)}"
        yield Finding("warn", "overlap", text, "against: [...] in these sets names what is evaluated")
    clean = sum(len(looked_at[set_name]) for set_name, count in copies.items() if not count)
    statements = [f"none of {clean} rows looked at copies a problem of it"] * bool(clean)
    statements += [f"built apart from it: {', '.join(apart)}"] * bool(apart)
    if statements:
        yield Finding("ok", "overlap", f"{name}: {'; '.join(statements)}")


def _copies(evaluation: Evaluation, row: Row) -> bool:
    matches = evaluation.find(row)
    return bool(matches) and matches[0].kind == "exact"


def _published(material: Material, name: str) -> str:
    dataset = material.recipe.data[name]
    return (
        dataset.args.get("source", dataset.args.get("name", name)) if isinstance(dataset, BuiltSet) else name
    )


def _against(material: Material, name: str) -> list[str]:
    """What a set is built apart from; the rows of those that it is made from are its own."""
    datasets = (material.recipe.data[each] for each in (name, *ancestors(material.recipe, name)))
    return [
        source
        for dataset in datasets
        if isinstance(dataset, BuiltSet)
        for source in dataset.args.get("against") or []
    ]


def _other_half(material: Material, name: str, trained: str) -> bool:
    """Whether a set, or one that it is made from, is the other half of the benchmark that is evaluated."""
    benchmark, half = _half(material, name)
    sources = [_half(material, each) for each in (trained, *ancestors(material.recipe, trained))]
    return any(source == benchmark and {part, half} == {"train", "test"} for source, part in sources)


def _half(material: Material, name: str) -> tuple[str | None, str | None]:
    """The benchmark that a set is of, and which half of it."""
    dataset = material.recipe.data[name]
    args = dataset.args if isinstance(dataset, BuiltSet) and dataset.builder == "benchmark" else {}
    return args.get("name"), args.get("half")


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
