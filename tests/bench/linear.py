"""How the time of every check grows when the text doubles, on bait for regular expressions: at most ×2.5.

python tests/bench/linear.py [--length 200000]
"""

import argparse
import random
import time

from reins.eval.verify import TYPES, check

BAIT = (
    *("*", "* ", "**", "***\n", "- ", "\n", "\n\n", "\n*", " ", "\t", "\r", "\u2028", '"', "'", "\\", "\\boxed{", "{", "}"),
    *("$", "$a$", "`", "```", "\\[", "\\begin{a}", "\\end{a}", "[", "]", "<<", ">>", "Section 1", "because", "A", "A'"),
    *("N'T ", "1,", "1.", ".", ". ", "..", "!", ".)", "P.", "******", '{"a":', "[1,", "é", "中", "\u0300", "\x00", "\ud800"),
    *("http://a", "a@b", "@", "- - ", "*_", "x.y", "_", "a_", "~", "“", "…", "\u200b", "ب\u200c", "😊", "_a\u200b"),
)  # fmt: skip
ENOUGH = 0.02  # seconds of processor time below which a ratio is noise


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--length", type=int, default=200_000, help="characters, then twice as many")
    length = options.parse_args().length
    worst, slowest = (0.0, "nothing took long enough"), (0.0, "")
    for bait in BAIT:
        long = (bait * (2 * length))[: 2 * length]
        for name, kind in TYPES.items():
            kwargs = kind.sample(random.Random(0), question="How many?")
            for preset in ("reins", "mathif"):
                once, twice = (spent(name, kwargs, text, preset) for text in (long[:length], long))
                slowest = max(slowest, (twice, f"{name}, {preset}, {bait!r}"))
                if twice > ENOUGH:
                    worst = max(worst, (twice / once, f"{name}, {preset}, {bait!r}"))
    print(f"worst growth ×{worst[0]:.2f}: {worst[1]}")
    print(f"slowest {slowest[0]:.2f} s for {2 * length:,} characters: {slowest[1]}")


def spent(name: str, kwargs: dict, text: str, preset: str) -> float:
    """The best of two runs, in seconds of processor time."""
    times = []
    for _ in range(2):
        start = time.process_time()
        check(name, kwargs, text, preset=preset)
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
