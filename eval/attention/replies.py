"""Replies with the contexts that their answers were read in, and means of what was read, with intervals over problems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..stats.intervals import Estimate, Floats, draw_clusters, percentile_interval, ratios
from .lines import Measured


@dataclass(frozen=True)
class Reply:
    """One reply: what was read of its answer, by what stands between prompt and answer (`readable.CONTEXTS`)."""

    row: str
    sample: int
    contexts: dict[str, Measured] = field(default_factory=dict)

    @property
    def sampled(self) -> Measured | None:
        """Its answer where it was given: behind its own thought, or behind the prompt."""
        return self.contexts.get("thought") or self.contexts.get("nothing")

    @property
    def thinks(self) -> bool:
        return "thought" in self.contexts


def as_replies(measured: Iterable[Measured]) -> list[Reply]:
    """The lines of one file, reply by reply; replies without an answer have nothing to be read and are left out."""
    replies: dict[tuple[str, int], Reply] = {}
    for line in measured:
        if line.values:
            reply = replies.setdefault((line.row, line.sample), Reply(line.row, line.sample))
            reply.contexts[line.after] = line
    return list(replies.values())


def means(values: Sequence[Floats], problems: Sequence[str]) -> list[Estimate]:
    """The mean of each column of values [n, k] with its 95 % bootstrap interval over the problems (n,)."""
    columns = np.asarray(values, dtype=float).reshape(len(problems), -1)
    names = {name: number for number, name in enumerate(sorted(set(problems)))}
    which = np.array([names[problem] for problem in problems])
    sums = np.zeros((columns.shape[1], len(names)))
    np.add.at(sums.T, which, columns)
    counts = np.bincount(which, minlength=len(names)).astype(np.float64)
    size = (len(problems), len(names))
    centres = columns.mean(0)
    if len(names) < 2:
        return [Estimate(float(centre), None, None, *size) for centre in centres]
    resampled = ratios(sums, np.tile(counts, (len(sums), 1)), _draws(len(names)))
    low, high = percentile_interval(resampled)
    return [
        Estimate(float(centre), float(a), float(b), *size)
        for centre, a, b in zip(centres, low, high, strict=True)
    ]


_draws = lru_cache(maxsize=2)(draw_clusters)  # most figures are of the same problems
