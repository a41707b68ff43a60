"""What a source of instruction-following prompts asks for, and which of it has no rule here.

python -m reins.data_builders.coverage SOURCE
"""

import argparse
import sys
from collections import Counter

from ..eval.io.command import exit_status
from .draw import Tally
from .instructions import ours, read_asked
from .readers import read_records


def coverage(source: str) -> dict[str, tuple[int, bool]]:
    """Every constraint or function a source asks for: how often, and whether it has a rule here at all times."""
    asked: Counter[str] = Counter()
    tally = Tally()
    for record in read_records(source):
        for name, kwargs in read_asked(record)[1]:
            asked[name] += 1
            list(ours(name, kwargs, tally))
    return {name: (count, f"no rule for {name}" not in tally.dropped) for name, count in asked.most_common()}


def _show(source: str) -> None:
    for name, (count, has_rule) in coverage(source).items():
        print(f"{'' if has_rule else 'no rule  '}{name}  {count}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m reins.data_builders.coverage", description=__doc__)
    parser.add_argument(
        "source", help="a file, a folder or a hub id; prints what it asks for, and what has no rule"
    )
    source = parser.parse_args().source
    return exit_status(lambda: _show(source))


if __name__ == "__main__":
    sys.exit(main())
