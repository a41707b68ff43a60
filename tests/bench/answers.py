"""Answers, measured: agreement with MathIF's own grader by class of disagreement, and answers graded per second.

    python tests/bench/answers.py

Reads ../shared/conformance and ../shared/data. Speeds are with a cold cache; per core is by processor time of
this process and its workers, which other load on the machine does not change.
"""

import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from reins.eval.io.jsonl import read_jsonl
from reins.eval.verify.answers import Grader, Outcome, boxed, shortcut
from reins.eval.verify.rows import Row

SHARED = Path(__file__).parents[3] / "shared"
AFTER = re.compile(r"answer (?:is|are)|answer:|is (?:the )?answer", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?(?:\\pi)?", re.IGNORECASE)

# Name, test on (gold, response), who is right and why. The first that fits names a disagreement.
CLASSES: list[tuple[str, Callable[[str, str], bool], str]] = [
    ("#### before the answer", lambda gold, text: "####" in text, "ours: GSM8K questions ask for it"),
    ("bold answer", lambda gold, text: text.startswith("**"), "ours: the answer stands there alone"),
    ("box cut short", lambda gold, text: "boxed{" in text and boxed(text) is None,
     "ours: half a number is no answer"),
    ("'=' in the answer", lambda gold, text: "=" in text, "ours: theirs keeps only what follows the '='"),
    ("formula in dollars, no box", lambda gold, text: "$" in text and boxed(text) is None,
     "ours: theirs keeps the dollars"),
    ("words about the answer after the box", lambda gold, text: bool(AFTER.search(text.rpartition("}")[2])),
     "ours: the box stands, theirs cuts it away"),
    ("commands in capitals, boxed", lambda gold, text: "\\BOXED" in text, "ours: \\FRAC is \\frac"),
    ("formula outside LaTeX", lambda gold, text: boxed(text) is None,
     "theirs: math-verify reads only numbers there, so ours misses a right answer"),
    ("mark glued to the gold", lambda gold, text: (boxed(text) or "").startswith(gold) and boxed(text) != gold,
     "ours: x% or x.0 after a formula is not x"),
    ("times or over 100, or near", lambda gold, text: bool(NUMBER.fullmatch(boxed(text) or "")),
     "ours: theirs takes 42 for 0.42, and a relative error of 1e-4"),
]  # fmt: skip


def disagreements(cases: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, list[Row]]:
    """Cases on which we and MathIF's grader differ, by class; `unnamed` holds what no class explains."""
    found: dict[str, list[Row]] = {}
    for case, outcome in zip(cases, outcomes, strict=True):
        if (outcome == "right") != case["verdict"]:
            fits = (name for name, test, _ in CLASSES if test(case["answer"], case["response"]))
            found.setdefault(next(fits, "unnamed"), []).append(case | {"outcome": outcome})
    return found


def real_pairs() -> list[tuple[str, str]]:
    """(gold, output) of every real output of `rg_eval` and `skythought`."""
    files = [*(SHARED / "data/rg_eval").glob("*.jsonl"), *(SHARED / "data/skythought").glob("*.jsonl")]
    return [(row["gt"], row["code"][0]) for file in sorted(files) for row in read_jsonl(file)]


def plain_pairs(count: int = 50_000) -> list[tuple[str, str]]:
    rng = random.Random(0)
    return [(str(rng.randrange(10**6)), rf"So it is \boxed{{{rng.randrange(10**6)}}}.") for _ in range(count)]


def measure(name: str, pairs: Sequence[tuple[str, str]]) -> None:
    before, start = _processor_time(), time.perf_counter()
    with Grader(workers=2) as grader:
        counts = Counter(grader.grade_many(pairs))
    wall = time.perf_counter() - start
    spent = _processor_time() - before
    print(
        f"{name}: n {len(pairs)}, {len(pairs) / wall:,.0f}/s on two workers, {len(pairs) / spent:,.0f}/s per core"
    )
    print("  " + ", ".join(f"{outcome} {count}" for outcome, count in sorted(counts.items())))


def _processor_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    cases = read_jsonl(SHARED / "conformance/mathif_answers.jsonl")
    with Grader() as grader:
        outcomes = grader.grade_many([(case["answer"], case["response"]) for case in cases])
    found = disagreements(cases, outcomes)
    agreed = len(cases) - sum(map(len, found.values()))
    print(f"MathIF's grader: {agreed} of {len(cases)} verdicts agree")
    for name, _, verdict in CLASSES:
        print(f"  {len(found.get(name, [])):3} {name} | {verdict}")
        for case in found.get(name, [])[:2]:
            print(f"      gold {case['answer']!r:.40}, response {case['response']!r:.80}: {case['outcome']}")
    print(f"  {len(found.get('unnamed', [])):3} unnamed")
    measure("plain numbers", plain_pairs())
    pairs = real_pairs()
    taken = sum(1 for gold, text in pairs if shortcut(gold.strip(), (boxed(text) or text).strip(), True))
    print(f"shortcuts answer {taken} of {len(pairs)} real outputs")
    measure("real outputs", pairs)


if __name__ == "__main__":
    main()
