"""A run folder with planted effects, for tests of what reads one: no model, no verifier, only files."""

import json
from pathlib import Path

import numpy as np
import yaml

from reins.eval.io.jsonl import write_jsonl

TYPES = {
    "punctuation:no_comma": None,
    "startend:quotation": None,
    "change_case:english_lowercase": None,
    "keywords:existence": {"keywords": ["river"]},
    "detectable_format:number_bullet_lists": {"num_bullets": 3},
}
ARMS = {
    "base": [],
    "sft": ["sft"],
    "rl": ["rl"],
    "sft_rl": ["sft", "rl"],
    "sft_if": {"stages": ["sft_if"], "control_of": [], "mixed_of": "sft"},
    "sft_direct": {"stages": ["sft_direct"], "control_of": ["sft"], "mixed_of": None},
}
# what one constraint holds with, what an answer is right with, how often the arm reasons, on average
PLANTED = {
    "base": (0.9, 0.5, 0.1),
    "sft": (0.5, 0.9, 1.0),
    "rl": (0.92, 0.9, 0.9),  # what its length costs, and no more, is made up for
    "sft_rl": (0.5, 0.92, 1.0),
    "sft_if": (0.8, 0.88, 1.0),
    "sft_direct": (0.6, 0.5, 0.0),
}
PER_TOKEN = 0.004  # log odds of a constraint lost for every token of reasoning above 100
LIMIT = 260
STEPS = 100  # of every stage
SET_LENGTH = {  # what a mode does to the tokens that a sample would have reasoned for
    "think": lambda tokens: tokens,
    "direct": lambda tokens: 0,
    "budget-60": lambda tokens: min(tokens, 60),
    "wait-1": lambda tokens: int(tokens * 1.4),
    "pad-8": lambda tokens: tokens + 100 * (tokens > 0),
    "cot": lambda tokens: tokens,
    "decide": lambda tokens: 0,
    "reflect": lambda tokens: tokens,
}
MADE_OF = {
    "data": {"composite": {"builder": "micro.composites"}},
    "stages": {"sft": {"data": {"composite": 1.0}, "add": {}}, "rl": {"data": {"composite": 1.0}, "add": {}}},
}


def make_run(
    folder: Path,
    *,
    arms=None,
    rows=120,
    samples=2,
    seeds=(0,),
    sets=("composite",),
    modes=("think",),
    sources=("micro",),
    along=(),
    per_token=PER_TOKEN,
    seed=0,
) -> Path:
    """Write a run of these arms (stages, or stages and roles); without planted effects an arm gets the base's.

    `along`: steps of saved checkpoints.
    """
    arms = ARMS if arms is None else arms
    asked = {"samples": samples, "modes": list(modes), "bins": 6, "plain": True, "checkpoints": "all"}
    recipe = {
        "name": "synthetic",
        "preset": "reins",
        "seeds": list(seeds),
        "arms": arms,
        "evaluate": dict.fromkeys(sets, asked),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    stages = {name: arm if isinstance(arm, list) else arm["stages"] for name, arm in arms.items()}
    checkpoints = dict(_checkpoints(stages, seeds, along))
    for name in sets:
        made = make_rows(name, rows, seed, sources)
        write_jsonl(folder / "data" / name / "rows.jsonl", made)
        for checkpoint, planted in checkpoints.items():
            for mode in modes[:1] if "@" in checkpoint else modes:
                rng = np.random.default_rng([*f"{seed} {checkpoint} {mode}".encode()])
                for label in (name,) if "@" in checkpoint else (name, f"{name}-plain"):
                    place = folder / "evals" / checkpoint / f"{label}.{mode}"
                    write_samples(place, made, planted, samples, rng, label != name, mode, per_token)
    for stage in {one.partition("@")[0] for one in checkpoints} - {"base"}:
        (folder / "stages" / stage).mkdir(parents=True, exist_ok=True)
        (folder / "stages" / stage / "done.json").write_text(
            json.dumps({"steps": STEPS, "supervised_tokens": 50_000, "rows": 400, "cut_rows": 20})
        )
    return folder


def make_tracked_run(folder, track_with, arms=("sft",)):
    """A run of these arms whose recipe says what they are made of and how it is tracked."""
    arms = {"base": []} | {arm: arm.split("_") for arm in arms}
    run = make_run(folder, arms=arms, rows=40, along=(40, 80))
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | MADE_OF | track_with
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return run


def _checkpoints(arms, seeds, along):
    """(folder, what is planted) of every arm's checkpoints; those on the way lie between parent and arm."""
    ends = {tuple(stages): PLANTED.get(arm, PLANTED["base"]) for arm, stages in arms.items()}
    for stages, end in ends.items():
        for own in seeds if stages else [None]:
            last = f"{'.'.join(stages)}-s{own}" if stages else "base"
            yield last, end
            for step in along if stages else ():
                share = step / STEPS
                start = ends.get(stages[:-1], PLANTED["base"])
                yield f"{last}@{step}", [a + share * (b - a) for a, b in zip(start, end, strict=True)]


def make_rows(name, count, seed, sources=("micro",)):
    rng = np.random.default_rng([seed, *name.encode()])
    rows = []
    for i in range(count):
        types = list(rng.choice(list(TYPES), int(rng.integers(1, 4)), replace=False))
        rows.append(
            {
                "row": f"{name}-{i:06d}",
                "problem_id": f"problem-{i // 2}",
                "source": sources[i // 2 % len(sources)],
                "id": str(i),
                "question": f"Tom has {i} apples & gives <2> away. How many are left?",
                "answer": str(i - 2),
                "constraint_name": [str(one) for one in types],
                "constraint_args": [TYPES[str(one)] for one in types],
                "constraint_desc": [f"Mind {one}." for one in types],
            }
        )
    return rows


def write_samples(place, rows, planted, samples, rng, plain, mode, per_token):
    holds, right, reasons = planted
    problems = {row["problem_id"] for row in rows}
    easiness = dict(zip(sorted(problems), np.random.default_rng(5).normal(0, 1, len(problems)), strict=True))
    scores, responses = [], []
    for row in rows:
        for sample in range(samples):
            reasoned = rng.random() < reasons
            tokens = SET_LENGTH[mode](int(rng.lognormal(4.6, 0.5)) if reasoned else 0)
            reasoned = tokens > 0
            cut = tokens > LIMIT
            odds = np.log(holds / (1 - holds)) + easiness[row["problem_id"]] - (2.5 if plain else 0)
            chance = 1 / (1 + np.exp(-odds + per_token * max(0, tokens - 100)))
            held = [bool(rng.random() < chance) and not cut for _ in row["constraint_name"]]
            correct = bool(rng.random() < right) and not cut
            state = "unclosed" if cut else "closed" if reasoned else "none"
            said = {"state": state, "cut": cut, "reasoning_tokens": min(tokens, LIMIT), "answer_tokens": 12}
            key = {"row": row["row"], "sample": sample}
            said |= {"calls": 1, "prompt_tokens": 40, "drawn_tokens": said["reasoning_tokens"] + 12}
            if mode == "decide":
                said |= {"p_yes": round(float(rng.random()), 3), "p_word": 0.9}
            if mode == "reflect":
                said |= {"calls": 2}
            first = {"verdicts": [bool(sample % 2)] * len(held), "same": False} if mode == "reflect" else None
            scores.append(
                key | said | {
                    "verdicts": held,
                    "hacc": all(held),
                    "sacc": sum(held) / len(held),
                    "correct": correct,
                    "outcome": "missing" if cut else "right" if correct else "wrong",
                    "first": first,
                }
            )  # fmt: skip
            thought = f"<think>Let me count <b>{row['id']}</b>. {'So. ' * (tokens // 3)}" if reasoned else ""
            closing = (
                "" if cut else ("</think>" if reasoned else "") + f"It is \\boxed{{{row['answer']}}} & done."
            )
            responses.append(key | said | {"text": thought + closing, "seed": 0, "prompt_hash": "x"})
    write_jsonl(place / "scores.jsonl", scores)
    write_jsonl(place / "responses.jsonl", responses)
