"""Rows against rewards, training against evaluation, arm against arm, stage after stage."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from ...data_builders.decontaminate import Evaluation
from ...eval.sample.modes.edits import parse_mode
from ...eval.verify.rows import Row
from ..recipe.resolve import references
from ..recipe.schema import BuiltSet, Stage
from .finding import Finding
from .lengths import tokens_of
from .material import Material

JUDGES = {"correct": "answer", "constraints": "constraints", "constraints_all": "constraints"}
ANSWER_REWARDS = {"correct", "constraints", "constraints_all"}


def rewards(look: Material) -> Iterator[Finding]:
    """Every row is judged by a reward, every reward judges some rows, and the weights can pay."""
    for name, stage in look.stages.items():
        if stage.trainer != "grpo":
            continue
        yield from _weights(name, stage)
        for of in look.taken(stage):
            rows = look.rows(of)
            if rows is None:
                yield Finding("warn", "rewards", f"{name}: rows of {of} {look.why(of)}")
                continue
            judged = {reward: sum(_applies(reward, row) for row in rows) for reward in stage.rewards}
            unjudged = sum(not any(_applies(reward, row) for reward in stage.rewards) for row in rows)
            said = ", ".join(f"{reward} {count / len(rows):.0%}" for reward, count in judged.items())
            if unjudged:
                text = f"{name}: no reward judges {unjudged} of {len(rows)} rows of {of}"
                yield Finding("FAIL", "rewards", text, "a reward for them, or take them out")
            else:
                yield Finding("ok", "rewards", f"{name}: of the rows of {of} are judged by {said}")
        yield from _idle(look, name, stage)


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


def _idle(look: Material, name: str, stage: Stage) -> Iterator[Finding]:
    """A reward that judges no row at all."""
    every = [look.rows(of) for of in look.taken(stage)]
    if None not in every:
        for reward in stage.rewards:
            if not any(_applies(reward, row) for rows in every for row in rows or []):
                yield Finding(
                    "FAIL", "rewards", f"{name}: {reward} judges no row", "take it out, or mix rows in"
                )


def _applies(reward: str, row: Row) -> bool:
    return bool(getattr(row, JUDGES[reward])) if reward in JUDGES else True


def overlap(look: Material) -> Iterator[Finding]:
    """Problems that are trained on and evaluated too: the same letters and digits in the same order."""
    trained = dict.fromkeys(of for stage in look.stages.values() for of in look.taken(stage))
    for name in look.recipe.evaluate if trained else []:
        if name in trained:
            yield Finding("FAIL", "overlap", f"{name}: trained on and evaluated", "a set of its own for each")
            continue
        asked = look.questions(name)
        seen = {of: rows for of in trained if asked is not None and (rows := look.questions(of)) is not None}
        evaluation = Evaluation(asked or [])
        copies = {of: sum(_copies(evaluation, row) for row in rows) for of, rows in seen.items()}
        for of, count in copies.items():
            if count:
                text = f"{of}: {count} of {len(seen[of])} rows looked at ask a problem of {name}, which is evaluated"
                yield Finding(
                    "FAIL", "overlap", text, f"against: [{name}'s source] in data.{of}, or another split"
                )
        apart = [of for of in trained if of not in seen and _published(look, name) in _against(look, of)]
        unknown = [of for of in trained if of not in seen and of not in apart]
        if unknown:
            text = f"{name}: not looked at beside it, and not built apart from it: {', '.join(unknown)}"
            yield Finding("warn", "overlap", text, "against: [...] in these sets names what is evaluated")
        clean = sum(len(seen[of]) for of, count in copies.items() if not count)
        said = [f"none of {clean} rows looked at copies a problem of it"] * bool(clean)
        said += [f"built apart from it: {', '.join(apart)}"] * bool(apart)
        if said:
            yield Finding("ok", "overlap", f"{name}: {'; '.join(said)}")


def _copies(evaluation: Evaluation, row: Row) -> bool:
    found = evaluation.find(row)
    return bool(found) and found[0].kind == "exact"


def _published(look: Material, name: str) -> str:
    given = look.recipe.data[name]
    return given.args.get("source", given.args.get("name", name)) if isinstance(given, BuiltSet) else name


def _against(look: Material, name: str) -> list[str]:
    """What a set is built apart from; its parent's rows are its own."""
    given = look.recipe.data[name]
    own = given.args.get("against", []) if isinstance(given, BuiltSet) else []
    return own + [one for other in references(look.recipe, name) for one in _against(look, other)]


def arms(look: Material) -> Iterator[Finding]:
    """Two stages of one trainer may differ in data or rewards, or in an argument, but not in both."""
    alone = 0
    for a, b in combinations(look.stages, 2):
        one, other = look.stages[a], look.stages[b]
        if one.trainer != other.trainer or _follows(look, a, b):
            continue
        fed, how = _differences(one, other)
        if fed and how:
            text = f"{b}: differs from {a} in {', '.join(fed)} and also in {', '.join(how)}"
            yield Finding("warn", "arms", text, f"give {b} what {a} has, or name it for both")
        elif how and look.steps(one) != look.steps(other):
            text = f"{b}: {look.steps(other)} updates, {a} {look.steps(one)}; they differ in {', '.join(how)}"
            yield Finding("warn", "arms", text, "equal updates, where they are compared")
        else:
            alone += 1
    if alone:
        yield Finding(
            "ok", "arms", f"{alone} pairs of stages differ in data and rewards alone, or in arguments alone"
        )
    if look.recipe.arms and all(arm.stages for arm in look.recipe.arms.values()):
        yield Finding(
            "FAIL", "arms", "every arm is trained: nothing to compare them with", "base: [] beside them"
        )
    for a, b in combinations(look.recipe.arms, 2):
        if look.recipe.arms[a].stages == look.recipe.arms[b].stages:
            yield Finding("FAIL", "arms", f"{b}: the stages of {a}", "one name for them, or other stages")


def _differences(one: Stage, other: Stage) -> tuple[list[str], list[str]]:
    """(what they are fed and paid by, how they are trained)."""
    fed = [key for key in ("data", "add", "rewards") if getattr(one, key) != getattr(other, key)]
    keys = sorted({*one.args, *other.args})
    how = [f"args.{key}" for key in keys if one.args.get(key) != other.args.get(key)]
    return fed, how + [key for key in ("lora", "rows") if getattr(one, key) != getattr(other, key)]


def _follows(look: Material, a: str, b: str) -> bool:
    """Whether some arm trains by both, one after the other: they are not set against each other."""
    return any(a in arm.stages and b in arm.stages for arm in look.recipe.arms.values())


def sequence(look: Material) -> Iterator[Finding]:
    """What SFT teaches must have room in the RL that follows."""
    for first, second in sorted({pair for arm in look.recipe.arms.values() for pair in pairwise(arm.stages)}):
        one, other = look.recipe.stages[first], look.recipe.stages[second]
        if (one.trainer, other.trainer) != ("sft", "grpo"):
            continue
        room = look.args(other)["max_completion_length"]
        answers = [answer for _, answer in tokens_of(look, one)]
        if answers:
            over = sum(answer > room for answer in answers) / len(answers)
            said = f"{second}: {over:.0%} of the completions that {first} teaches pass its {room} tokens"
        else:
            taught = look.args(one)["max_length"] or 0
            over = float(taught > 2 * room)
            said = f"{second}: {first} teaches up to {taught} tokens, its completions are cut at {room}"
        fix = "a longer max_completion_length; the paper has 8,192 and then 3,072"
        yield Finding("warn" if over > 0.1 else "ok", "sequence", said, fix if over > 0.1 else "")


def evaluation(look: Material) -> Iterator[Finding]:
    """Samples that differ, lengths that let RL's completions end, modes that fit in."""
    for name, one in look.recipe.evaluate.items():
        longest = max(
            (
                look.args(stage)["max_completion_length"]
                for stage in look.stages.values()
                if stage.trainer == "grpo"
            ),
            default=0,
        )
        budget = max((parse_mode(mode).number for mode in one.modes if mode.startswith("budget")), default=0)
        if one.temperature == 0 and one.samples > 1:
            text = f"{name}: {one.samples} samples at temperature 0 are {one.samples} times the same"
            yield Finding("FAIL", "evaluation", text, "samples: 1, or a temperature")
        elif one.max_new_tokens < longest:
            text = f"{name}: max_new_tokens {one.max_new_tokens}, RL trains up to {longest}"
            yield Finding("warn", "evaluation", text, f"max_new_tokens: {longest}")
        elif budget >= one.max_new_tokens:
            text = f"{name}: a budget of {budget} tokens in max_new_tokens {one.max_new_tokens} never bites"
            yield Finding("FAIL", "evaluation", text, "a smaller budget, or more tokens")
        else:
            yield Finding(
                "ok", "evaluation", f"{name}: {one.samples} sample(s) of up to {one.max_new_tokens} tokens"
            )
