"""Bars at the foot of a terminal, below the lines that a run says."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

WIDTH = 30  # columns of a bar


class Bar(NamedTuple):
    """`share` that is done, between 0 and 1; None where nobody knows."""

    name: str
    share: float | None
    said: str


class Bars:
    """A bar for each running task and one for all, from the first `draw` to `close`."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, markup=False, emoji=False)
        self.live = Live(console=self.console, auto_refresh=False, transient=True)

    def say(self, line: str) -> None:
        """A line that stays, above the bars."""
        self.console.print(line, soft_wrap=True)

    def draw(self, running: Sequence[Bar], overall: Bar) -> None:
        if not self.live.is_started:
            self.live.start()
        table = Table.grid(padding=(0, 1))
        for bar in (*running, overall):
            done = ProgressBar(1.0, bar.share or 0.0, width=WIDTH, pulse=bar.share is None)
            table.add_row(
                Text(bar.name, overflow="ellipsis", no_wrap=True), done, Text(bar.said, no_wrap=True)
            )
        self.live.update(table, refresh=True)

    def close(self) -> None:
        self.live.stop()
