"""One evaluation set of a run as the analyses get it: its samples, and every measure of them resampled alike."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..io.errors import InputError
from ..io.run_paths import PROMPT_STATES
from ..score.estimates import Sums, resample, together
from ..score.floors import Floor, reply_figures
from ..score.measure import Group, Measure, measures
from ..stats import intervals
from ..stats.intervals import Floats
from .attention_data import Sides, read_attention
from .metrics import ASKED_WITHOUT
from .run_folder import Arm, RunFolder


class ArmMeasure(NamedTuple):
    """One measure of one arm in one mode; seed and checkpoint are None where several seeds are together.

    `seeds` are the training seeds that it is of, none for what is not trained.
    """

    arm: str
    seed: int | None
    checkpoint: str | None
    mode: str
    measure: Measure
    seeds: tuple[int, ...] = ()

    @classmethod
    def of(cls, arm: Arm, mode: str, measure: Measure) -> "ArmMeasure":
        """A measure of one seed of an arm."""
        return cls(arm.name, arm.seed, arm.checkpoint, mode, measure, () if arm.seed is None else (arm.seed,))

    @property
    def key(self) -> tuple[str, str, str, Group | None]:
        return self.arm, self.mode, self.measure.metric, self.measure.group


class SetData:
    """A set of a run with at least one scored arm. All arms and modes share `draws`, so differences are paired."""

    def __init__(self, run: RunFolder, name: str) -> None:
        self.run, self.name, self.roles = run, name, run.roles
        self.row_set = run.row_sets[name]
        self.samples = run.samples(name)
        self.decisions = run.decisions(name)
        self.bins: int = run.evaluate[name]["bins"]
        self.modes = list(dict.fromkeys(mode for _, mode in self.samples))
        self._latest: tuple[str, list[ArmMeasure], Sums] | None = None

    @cached_property
    def draws(self) -> Floats:
        return intervals.draw_clusters(self.row_set.clusters)

    @cached_property
    def attention(self) -> Sides:
        """What was read of the attention of each arm's replies."""
        return read_attention(self.run, self.name)

    @cached_property
    def replies(self) -> dict[str, Floor]:
        """What constant replies score, by reply."""
        return reply_figures(self.row_set, preset=self.run.preset)

    @property
    def margin(self) -> float | None:
        """The difference that the recipe counts as none; None where it states none."""
        return self.run.recipe.get("margin")

    @property
    def arms(self) -> list[str]:
        return list(dict.fromkeys(arm for arm, _ in self.samples))

    def seeds(self, arm: str, mode: str | None = None) -> tuple[int, ...]:
        """The training seeds of an arm that are scored on the set, in a mode or in any; none of what is not trained."""
        return tuple(
            entry.seed
            for entry in self.run.arms
            if entry.name == arm and entry.seed is not None and self._is_scored(entry.checkpoint, mode)
        )

    def _is_scored(self, checkpoint: str, mode: str | None) -> bool:
        modes = self.run.evaluate[self.name]["modes"] if mode is None else [mode]
        return any(self.run.scored(checkpoint, self.name, each) for each in modes)

    def comparable(self, side: tuple[str, str], against: tuple[str, str]) -> bool:
        """Whether two sides, each an arm and a mode, are scored of the same training seeds, or one is not trained."""
        return alike(self.seeds(*side), self.seeds(*against))

    def prompt_states(self, arm: str, mode: str) -> Floats | None:
        """The states of the prompts of all rows (rows, hidden), those of an arm's seeds side by side; None where a seed has
        none. Raises InputError where they are of other rows."""
        entries = [entry for entry in self.run.arms if entry.name == arm]
        files = [self.run.directory(entry.checkpoint, self.name, mode) / PROMPT_STATES for entry in entries]
        if not all(file.exists() for file in files):
            return None
        states = [np.load(file) for file in files]
        for file, of_seed in zip(files, states, strict=True):
            if len(of_seed) != len(self.row_set.rows):
                what = f"{len(of_seed)} states for {len(self.row_set.rows)} rows"
                raise InputError(file, what, "remove it and its evaluation, and run the recipe again")
        return np.concatenate(states, axis=1)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(arm, against) that are compared: those that the roles ask for, but for those of different seeds."""
        return [pair for pair in self.roles.pairs(self.arms) if self._same_seeds(*pair)]

    @property
    def unpaired(self) -> list[tuple[str, str]]:
        """(arm, against) that are not, because they are trained with different seeds so far."""
        return [pair for pair in self.roles.pairs(self.arms) if not self._same_seeds(*pair)]

    def _same_seeds(self, arm: str, against: str) -> bool:
        return alike(self.seeds(arm), self.seeds(against))

    def resampled(self, mode: str) -> tuple[list[ArmMeasure], Sums]:
        """Every measure in a mode, resampled; only the latest mode's are kept, for they are large."""
        if self._latest is None or self._latest[0] != mode:
            measured = self.measures(mode)
            sums = resample([arm_measure.measure for arm_measure in measured], self.draws)
            self._latest = (mode, measured, sums)
        return self._latest[1:]

    def measures(self, mode: str) -> list[ArmMeasure]:
        """Every measure of every arm and seed, then of the seeds of an arm together where there are several."""
        measured = [
            ArmMeasure.of(arm, mode, measure)
            for arm in self.run.answering
            for measure in self._measured(arm.checkpoint, mode)
        ]
        return measured + [of_all_seeds(several) for several in by_key(measured) if len(several) > 1]

    def _measured(self, checkpoint: str, mode: str) -> Iterator[Measure]:
        constrained = self.run.scored(checkpoint, self.name, mode)
        unconstrained = self.run.scored(checkpoint, self.name, mode, plain=True)
        yield from measures(self.row_set, constrained) if constrained else ()
        for measure in measures(self.row_set, unconstrained) if unconstrained else ():
            if measure.metric in ASKED_WITHOUT:
                yield measure._replace(metric=ASKED_WITHOUT[measure.metric])


def alike(seeds: tuple[int, ...], against: tuple[int, ...]) -> bool:
    """Whether two sides are of the same training seeds, or one of them is not trained, and so of none."""
    return not (seeds and against) or seeds == against


def by_key(measured: Iterable[ArmMeasure]) -> list[list[ArmMeasure]]:
    """The same measure of all seeds of an arm together, in the order of the first."""
    seeds: dict[tuple[str, str, str, Group | None], list[ArmMeasure]] = {}
    for arm_measure in measured:
        seeds.setdefault(arm_measure.key, []).append(arm_measure)
    return list(seeds.values())


def of_all_seeds(several: Sequence[ArmMeasure]) -> ArmMeasure:
    """One measure over several seeds."""
    return several[0]._replace(
        seed=None,
        checkpoint=None,
        measure=together([of_seed.measure for of_seed in several]),
        seeds=tuple(seed for of_seed in several for seed in of_seed.seeds),
    )
