"""Verdicts per second on MathIF's 840 constraints over real model outputs, one core.

    python tests/bench/verdicts.py [--outputs 10] [--mathif DIR] [--ifeval]

--mathif: the folder with MathIF's own `constraint_registry.py` (needs nltk with its punkt_tab, and immutabledict);
--ifeval: lm-eval's copy of IFEval's scorer (needs lm-eval). Both are timed on the same pairs, langdetect seeded, and
every verdict is compared with ours. Nothing is downloaded.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import langdetect

from reins.eval.verify import canonical, check, split_reasoning
from reins.eval.verify.constraints.detector import SEED

SHARED = Path(__file__).parents[3] / "shared" / "data"
Pair = tuple[str, dict, str]  # MathIF's id, kwargs, answer


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--outputs", type=int, default=10, help="real outputs judged per MathIF row")
    options.add_argument("--mathif", type=Path, help="folder of MathIF's checkers")
    options.add_argument("--ifeval", action="store_true", help="also lm-eval's copy of IFEval's checkers")
    asked = options.parse_args()
    langdetect.DetectorFactory.seed = SEED
    pairs = real_pairs(asked.outputs)
    judges: dict[str, Callable[[Pair], bool]] = {
        "ours, preset mathif": lambda pair: check(*pair, preset="mathif"),
        "ours, preset reins": lambda pair: check(*pair),
    }
    if asked.mathif:
        sys.path.insert(0, str(asked.mathif))
        from constraint_registry import INSTRUCTION_DICT  # type: ignore[import-not-found]

        judges["MathIF's own"] = lambda pair: published(INSTRUCTION_DICT[pair[0]], pair)
    if asked.ifeval:
        from lm_eval.tasks.ifeval.instructions_registry import INSTRUCTION_DICT as IFEVAL

        judges["lm-eval's IFEval"] = lambda pair: published(IFEVAL[canonical(pair[0])], pair)
    found = {name: timed(name, judge, pairs) for name, judge in judges.items()}
    for name in list(found)[2:]:
        differ = sum(a != b for a, b in zip(found["ours, preset mathif"], found[name], strict=True))
        print(f"{name}: {differ} of {len(pairs)} verdicts differ from preset mathif")


def real_pairs(outputs: int) -> list[Pair]:
    """Each constraint of each MathIF row with that many real answers; their topic does not matter to a check."""
    rows = [row for path in sorted((SHARED / "mathif").glob("*.jsonl")) for row in read(path)]
    texts = [
        text
        for path in sorted((SHARED / "rg_eval").glob("*.jsonl"))
        for row in read(path)
        for text in row["code"]
    ]
    step = len(texts) // (len(rows) * outputs)
    answers = [split_reasoning(text, preset="mathif").answer for text in texts[:: max(step, 1)]]
    return [
        (name, kwargs or {}, answers[(index * outputs + turn) % len(answers)])
        for index, row in enumerate(rows)
        for name, kwargs in zip(row["constraint_name"], row["constraint_args"], strict=True)
        for turn in range(outputs)
    ]


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def published(checker: type, pair: Pair) -> bool:
    """A verdict as the original scripts take it."""
    name, kwargs, answer = pair
    rule = checker(name)
    rule.build_description(**{key: value for key, value in kwargs.items() if value})
    return bool(answer.strip() and rule.check_following(answer))


def timed(name: str, judge: Callable[[Pair], bool], pairs: list[Pair]) -> list[bool]:
    judge(("language:response_language", {"language": "de"}, "Das ist die Antwort auf diese Frage."))
    spent: dict[str, float] = defaultdict(float)
    verdicts = []
    for pair in pairs:
        start = time.process_time()
        verdicts.append(judge(pair))
        spent[pair[0]] += time.process_time() - start
    total = sum(spent.values())
    slowest = sorted(spent.items(), key=lambda item: -item[1])[:3]
    shares = ", ".join(f"{kind} {share / total:.0%}" for kind, share in slowest)
    print(f"{name}: {len(pairs) / total:,.0f} verdicts/s ({len(pairs)} in {total:.2f} s; {shares})")
    return verdicts


if __name__ == "__main__":
    main()
