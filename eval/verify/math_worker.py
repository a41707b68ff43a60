"""The process that asks math-verify: one JSON [gold, text, boxed] a line in, one outcome a line out.

It is run as a script in its own process, because sympy can hang in places no exception reaches: the kernel
kills the process when its deadline in processor seconds is over, so the verdict does not depend on how busy the
machine is, and nothing is left behind when the parent dies. A wall-clock alarm of ten deadlines stands behind it.
"""

import json
import logging
import signal
import sys


def outcome(gold: str, text: str, boxed: bool) -> str:
    """`right`, `wrong`, `missing` (no answer found in the text) or `unparsed` (one that could not be read)."""
    from math_verify import parse, verify

    answer = parse(rf"\boxed{{{text}}}" if boxed else text, parsing_timeout=None)
    if not answer:
        return "unparsed" if boxed else "missing"
    truth = parse(rf"\boxed{{{gold}}}", parsing_timeout=None)
    if verify(truth, answer, timeout_seconds=None):
        return "right"
    both_read = all(any(not isinstance(one, str) for one in side) for side in (truth, answer))
    return "wrong" if both_read else "unparsed"


def serve(deadline: float) -> None:
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        gold, text, boxed = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, deadline)
        signal.alarm(int(10 * deadline) + 1)
        found = outcome(gold, text, boxed)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        print(found, flush=True)


if __name__ == "__main__":
    serve(float(sys.argv[1]))
