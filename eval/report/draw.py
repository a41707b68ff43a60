"""Draws the figures of every analysis, as PNG and PDF at the width of a paper column, from results.json."""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import matplotlib

from ..analyse.analysis import Figure
from ..analyse.registry import ANALYSES
from ..analyse.results import ReportData
from ..analyse.style import STYLE

FIGURES = {part.name: part for analysis in ANALYSES for part in analysis.parts if isinstance(part, Figure)}


def draw(sets: Iterable[ReportData], out_dir: Path, *, so_far: bool = False) -> None:
    """Write `<figure>.<set>.<mode>.png` and `.pdf`, several at a time; none where there is nothing to draw.

    `so_far`: no PDF, and all in this process, so that whoever ends it leaves nobody behind.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    tasks = [(name, data, out_dir / file_name(name, data), not so_far) for data in sets for name in FIGURES]
    if so_far:
        for task in tasks:
            _draw(task)
        return
    workers = min(len(tasks), os.cpu_count() or 1)
    # Forked, so that no process imports matplotlib again.
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        list(pool.map(_draw, tasks))


def file_name(figure: str, data: ReportData) -> str:
    return f"{figure}.{data.set}.{data.mode}.png"


def _draw(task: tuple[str, ReportData, Path, bool]) -> None:
    name, data, path, as_pdf = task
    path.unlink(missing_ok=True)  # of an earlier report, which the page would show where nothing is drawn now
    with matplotlib.rc_context(STYLE):
        if figure := FIGURES[name].draw(data):
            figure.savefig(path)
            if not as_pdf:
                return
            # Without a date the same results give the same bytes.
            figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
