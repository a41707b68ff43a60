"""How many verdicts preset reins changes, by type: the table in docs/verifiers.md.

    python tests/bench/presets.py [--outputs 200]

MathIF's 840 constraints on real outputs (their topic does not matter to a check) and on a compliant one (the gold answer
in a short sentence, rewritten until the constraint holds), and IFEval's 834 instructions on GPT-4's responses. Both
presets judge the same text, cut as MathIF cuts it; how the cut differs is counted apart.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

from reins.eval.verify import canonical, check, satisfy, split_reasoning

SHARED = Path(__file__).parents[3] / "shared" / "data"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--outputs", type=int, default=200)
    outputs = real_outputs(options.parse_args().outputs)
    print(f"{len(outputs)} real outputs\n")
    answers = [split_reasoning(text, preset="mathif").answer for text in outputs]
    asked = mathif_constraints()
    table("MathIF constraints, real outputs", [(name, kwargs, answers) for name, kwargs, _ in asked])
    rng = random.Random(0)
    table(
        "MathIF constraints, compliant",
        [(name, args, [satisfy(name, args, text, rng)]) for name, args, text in asked],
    )
    table("IFEval instructions, GPT-4's responses", ifeval_instructions())
    cuts(outputs)


def table(title: str, asked: list[tuple[str, dict, list[str]]]) -> None:
    """Per type: how many constraints have a verdict that changes, and how many verdicts change each way."""
    constraints: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, kwargs, answers in asked:
        pairs = [
            (check(name, kwargs, answer, preset="mathif"), check(name, kwargs, answer)) for answer in answers
        ]
        kind = canonical(name)
        constraints[kind] += 1
        changed[kind] += any(published != ours for published, ours in pairs)
        for published, ours in pairs:
            verdicts[kind]["all"] += 1
            verdicts[kind][
                "lost" if published and not ours else "won" if ours and not published else "same"
            ] += 1
    print(f"| {title} | constraints | with a change | verdicts | true → false | false → true |")
    print("|---|---|---|---|---|---|")
    for kind, count in constraints.most_common():
        found = verdicts[kind]
        print(
            f"| {kind} | {count} | {changed[kind]} | {found['all']:,} | {found['lost']:,} | {found['won']:,} |"
        )
    total = sum(verdicts.values(), Counter())
    print(
        f"| all | {constraints.total()} | {changed.total()} | {total['all']:,} | {total['lost']:,} | {total['won']:,} |\n"
    )


def cuts(outputs: list[str]) -> None:
    pairs = [(split_reasoning(text, preset="mathif"), split_reasoning(text)) for text in outputs]
    states = Counter(ours.state for _, ours in pairs)
    unclosed = sum(ours.state == "unclosed" for _, ours in pairs)
    differ = sum(published.answer.strip() != ours.answer for published, ours in pairs)
    print(f"Cut: {dict(states)}; the answer differs in {differ}, {unclosed} of them an unclosed thought.")


def mathif_constraints() -> list[tuple[str, dict, str]]:
    """Id, kwargs, and a short right answer."""
    rows = [row for path in sorted((SHARED / "mathif").glob("*.jsonl")) for row in read(path)]
    return [
        (name, kwargs or {}, f"The final answer is \\boxed{{{row['answer']}}}.")
        for row in rows
        for name, kwargs in zip(row["constraint_name"], row["constraint_args"], strict=True)
    ]


def ifeval_instructions() -> list[tuple[str, dict, list[str]]]:
    said = {
        row["prompt"]: row["response"]
        for row in read(SHARED / "ifeval" / "input_response_data_gpt4_20231107_145030.jsonl")
    }
    return [
        (name, kwargs, [said[row["prompt"]]])
        for row in read(SHARED / "ifeval" / "input_data.jsonl")
        if row["prompt"] in said
        for name, kwargs in zip(row["instruction_id_list"], row["kwargs"], strict=True)
    ]


def real_outputs(count: int) -> list[str]:
    """As many outputs of each of the three public sources, evenly spread over its files."""
    sources = {"rg_eval": "code", "skythought": "code", "thought_anchors": "solution"}
    texts: list[str] = []
    for folder, key in sources.items():
        rows = [row for path in sorted((SHARED / folder).glob("*.jsonl")) for row in read(path)]
        found = [row[key][0] if isinstance(row[key], list) else row[key] for row in rows]
        texts += found[:: max(1, len(found) * len(sources) // count)]
    return texts


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


if __name__ == "__main__":
    main()
