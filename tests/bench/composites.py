"""Composites, measured: 10,000 from GSM8K and DeepScaleR, seconds and memory; MathIF's own rows judged.

    python tests/bench/composites.py

Reads ../shared/data. Memory is this process's peak after 1,000 and after 10,000 rows, none of them kept.
"""

import resource
import time
from collections import Counter
from pathlib import Path

from reins.data_builders.composites import composites, judged
from reins.eval.verify import verdicts

DATA = Path(__file__).parents[3] / "shared" / "data"
SOURCES = [str(DATA / "gsm8k/train.jsonl"), str(DATA / "deepscaler_union")]
EVALUATION = [str(DATA / "qwen_math_eval"), str(DATA / "mathif"), str(DATA / "gsm8k/test.jsonl")]


def measure(rows: int, against: list[str] | None) -> None:
    start, spent = time.perf_counter(), time.process_time()
    built = composites(rows, 0, source=SOURCES, against=against)
    failed = sum(not all(verdicts(row.constraints, row.extra["witness"])) for row in built)
    apart = "decontaminated" if against else "as they are"
    print(
        f"{rows} composites, {apart}: {time.perf_counter() - start:.1f} s, "
        f"{time.process_time() - spent:.1f} s of one core, "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB, {failed} witnesses failed, "
        f"{built.tally.refused.total()} draws refused"
    )


def main() -> None:
    for rows, against in ((1_000, None), (10_000, None), (10_000, EVALUATION)):
        measure(rows, against)
    for preset in ("mathif", "reins"):
        reasons: Counter[str] = Counter()
        for row in judged(420, 0, source=str(DATA / "mathif"), preset=preset):
            reasons.update(why[:70] for why in (row.extra["why_not"] or "feasible").split("; "))
        print(f"MathIF's 420 rows, preset {preset}:")
        for reason, count in reasons.most_common():
            print(f"  {count:4} {reason}")


if __name__ == "__main__":
    main()
