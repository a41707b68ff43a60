"""One line on stderr: how far, how fast, how many cut, how long still."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from ..io.terminal import shown
from ..verify.responses import Response


def follow(
    responses: Iterable[Response], total: int, label: str, out: TextIO = sys.stderr
) -> Iterator[Response]:
    """Pass responses on, and say every half second (every ten where nobody watches) how it goes."""
    watched = out.isatty()
    begun = last = time.monotonic()
    done = tokens = cut = 0
    for response in responses:
        done, tokens, cut = done + 1, tokens + _tokens(response), cut + bool(response.truncated)
        now = time.monotonic()
        if done == total or now - last > (0.5 if watched else 10):
            out.write(("\r" if watched else "") + _line(shown(label), done, total, tokens, cut, now - begun))
            out.write("" if watched and done < total else "\n")
            out.flush()
            last = now
        yield response


def _tokens(response: Response) -> int:
    """As many as are known: a server may tell their sum alone, or nothing."""
    total = (response.usage or {}).get("completion_tokens")
    return total or (response.reasoning_tokens or 0) + (response.answer_tokens or 0)


def _line(label: str, done: int, total: int, tokens: int, cut: int, seconds: float) -> str:
    speed = done / max(seconds, 1e-9)
    left = int((total - done) / speed)
    return (
        f"{label}: {done}/{total} samples, {speed:.1f} samples/s, {speed * tokens / done:.0f} tokens/s, "
        f"{cut / done:.0%} cut, {left // 60}:{left % 60:02d} left"
    )
