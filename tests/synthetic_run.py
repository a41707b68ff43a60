"""A run folder with planted effects, for tests of what reads one: no model, no verifier, only files."""

import json
from pathlib import Path

import numpy as np
import yaml

from reins.eval.verify.rows import write_jsonl

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
    "sft_if": ["sft_if"],
    "sft_direct": ["sft_direct"],
}
# what one constraint holds with, what an answer is right with, how often the arm reasons, on average
PLANTED = {
    "base": (0.9, 0.5, 0.1),
    "sft": (0.5, 0.9, 1.0),
    "rl": (0.88, 0.9, 0.9),
    "sft_rl": (0.5, 0.92, 1.0),
    "sft_if": (0.8, 0.88, 1.0),
    "sft_direct": (0.6, 0.5, 0.0),
}
PER_TOKEN = 0.004  # log odds of a constraint lost for every token of reasoning above 100
LIMIT = 260


def make_run(
    folder: Path, *, arms=None, rows=120, samples=2, seeds=(0,), sets=("composite",), seed=0
) -> Path:
    """Write a run of these arms; arms without planted effects get the base's."""
    arms = ARMS if arms is None else arms
    evaluate = {name: {"samples": samples, "modes": ["think"], "bins": 6, "plain": True} for name in sets}
    recipe = {
        "name": "synthetic",
        "preset": "reins",
        "seeds": list(seeds),
        "arms": arms,
        "evaluate": evaluate,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    for name in sets:
        made = make_rows(name, rows, seed)
        write_jsonl(folder / "data" / name / "rows.jsonl", made)
        for arm, stages in arms.items():
            for own in seeds if stages else [None]:
                rng = np.random.default_rng([seed, own or 0, *arm.encode()])
                checkpoint = f"{'.'.join(stages)}-s{own}" if stages else "base"
                for label in (name, f"{name}-plain"):
                    place = folder / "evals" / checkpoint / f"{label}.think"
                    write_samples(place, made, PLANTED.get(arm, PLANTED["base"]), samples, rng, label != name)
    for stages in arms.values():
        for depth in range(1, len(stages) + 1):
            for own in seeds:
                stage = folder / "stages" / f"{'.'.join(stages[:depth])}-s{own}"
                stage.mkdir(parents=True, exist_ok=True)
                (stage / "done.json").write_text(
                    json.dumps({"steps": 100, "supervised_tokens": 50_000, "rows": 400, "cut_rows": 20})
                )
    return folder


def make_rows(name, count, seed):
    rng = np.random.default_rng([seed, *name.encode()])
    rows = []
    for i in range(count):
        types = list(rng.choice(list(TYPES), int(rng.integers(1, 4)), replace=False))
        rows.append(
            {
                "row": f"{name}-{i:06d}",
                "problem_id": f"problem-{i // 2}",
                "source": "micro",
                "id": str(i),
                "question": f"Tom has {i} apples & gives <2> away. How many are left?",
                "answer": str(i - 2),
                "constraint_name": [str(one) for one in types],
                "constraint_args": [TYPES[str(one)] for one in types],
                "constraint_desc": [f"Mind {one}." for one in types],
            }
        )
    return rows


def write_samples(place, rows, planted, samples, rng, plain):
    holds, right, reasons = planted
    problems = {row["problem_id"] for row in rows}
    easiness = dict(zip(sorted(problems), np.random.default_rng(5).normal(0, 1, len(problems)), strict=True))
    scores, responses = [], []
    for row in rows:
        for sample in range(samples):
            reasoned = rng.random() < reasons
            tokens = int(rng.lognormal(4.6, 0.5)) if reasoned else 0
            cut = tokens > LIMIT
            odds = np.log(holds / (1 - holds)) + easiness[row["problem_id"]] - (2.5 if plain else 0)
            chance = 1 / (1 + np.exp(-odds + PER_TOKEN * max(0, tokens - 100)))
            held = [bool(rng.random() < chance) and not cut for _ in row["constraint_name"]]
            correct = bool(rng.random() < right) and not cut
            state = "unclosed" if cut else "closed" if reasoned else "none"
            said = {"state": state, "cut": cut, "reasoning_tokens": min(tokens, LIMIT), "answer_tokens": 12}
            key = {"row": row["row"], "sample": sample}
            scores.append(
                key | said | {
                    "verdicts": held,
                    "hacc": all(held),
                    "sacc": sum(held) / len(held),
                    "correct": correct,
                    "outcome": "missing" if cut else "right" if correct else "wrong",
                }
            )  # fmt: skip
            thought = f"<think>Let me count <b>{row['id']}</b>. {'So. ' * (tokens // 3)}" if reasoned else ""
            closing = (
                "" if cut else ("</think>" if reasoned else "") + f"It is \\boxed{{{row['answer']}}} & done."
            )
            responses.append(key | said | {"text": thought + closing, "seed": 0, "prompt_hash": "x"})
    write_jsonl(place / "scores.jsonl", scores)
    write_jsonl(place / "responses.jsonl", responses)
