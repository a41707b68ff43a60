"""What the samples of one set in one mode depend on, and how it is noted beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..io.errors import InputError
from ..verify import PRESETS, render
from ..verify.rows import Row
from ..verify.thought_formats import THINK
from .modes.mode import ENGINES, Mode
from .settings import Sampling, Server
from .vllm_arguments import VllmArguments


@dataclass(frozen=True)
class Generation:
    """What a reply depends on, besides the rows. The sampling is what the mode makes of the one that was asked for."""

    model: str
    mode: Mode
    seed: int
    with_constraints: bool
    preset: str
    engine: str
    sampling: Sampling
    vllm: VllmArguments
    server: Server | None = None

    def check(self) -> None:
        """Raise InputError naming a setting that cannot be."""
        for name, known in (("preset", PRESETS), ("engine", ENGINES)):
            if getattr(self, name) not in known:
                raise InputError(
                    name, f"{getattr(self, name)!r} is unknown", f"use one of {', '.join(known)}"
                )
        if (self.server is not None) != (self.engine == "openai"):
            what = "is missing" if self.server is None else f"is not asked by engine {self.engine}"
            raise InputError("base_url", what, "give engine openai and base_url together")
        if self.vllm.stated and self.engine != "vllm":
            raise InputError(
                "vllm", f"is not read by engine {self.engine}", "give engine vllm, or leave it out"
            )
        self.mode.check_engine(self.engine, self.server)

    def turn(self, row: Row) -> str:
        """A row as its preset asks it."""
        return render(row, preset=self.preset, with_constraints=self.with_constraints)

    def check_turns(self, rows: Sequence[Row]) -> None:
        """Raise InputError naming a row that cannot be asked: half of a surrogate pair is no text to any engine."""
        for row in rows:
            turn = self.mode.turn(self.turn(row), THINK)
            try:
                turn.encode()
            except UnicodeEncodeError as error:
                what = f"asks by half of a character ({turn[error.start]!a})"
                raise InputError(row.name, what, "write the whole character, or take it out") from None

    @property
    def checkpoint(self) -> str:
        """Where tokenizer and template are; empty where a server alone has them."""
        return self.server.tokenizer if self.server else self.model

    def noted(self) -> dict[str, Any]:
        """As generation.json beside the responses holds them."""
        names = ("model", "seed", "with_constraints", "preset", "engine")
        settings = {"mode": self.mode.text, **{name: getattr(self, name) for name in names}}
        engine = self.vllm.deciding if self.engine == "vllm" else self.server.noted if self.server else {}
        return settings | self.mode.noted | self.sampling.noted | engine


def prepared(
    mode: Mode, rows: Sequence[Row], files: Mapping[str, str | Path | None], *, constraints: bool
) -> Mode:
    """The mode ready for these rows: with the file that it needs, and without constraints where they are not asked.

    Raises InputError where rows cannot be asked in it, the file is missing or of no use, or another is given.
    """
    for need, file in files.items():
        if file and need != mode.needs:
            raise InputError(need, f"mode {mode.text} shows none", "leave it out")
    if mode.needs:
        file = files.get(mode.needs)
        if not file:
            raise InputError(
                f"mode {mode.text}",
                f"no {mode.needs} to show",
                f"give a file of {mode.needs} (--{mode.needs})",
            )
        mode = mode.with_file(str(file), rows)
    if not constraints:
        return mode.without_constraints()
    mode.check_rows(rows)
    return mode
