"""Draws every figure of a report, as PNG and PDF at the width of a paper column, from results.json."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ..analyse.results import select
from ..score.measure import Entry
from .plot_arms import arm_bars, flip_bars, joint_bars
from .plot_changes import controls, parts, type_changes
from .plot_length import length_lines, slopes
from .plot_series import along_lines, mode_dots
from .plot_style import STYLE, Here
from .summary import Place, at, places

PLOTS: dict[str, Callable[[Here], Figure | None]] = {
    "arms": arm_bars,
    "lengths": length_lines,
    "slopes": slopes,
    "types": type_changes,
    "flips": flip_bars,
    "joint": joint_bars,
    "along": along_lines,
    "controls": controls,
    "attribution": parts,
    "modes": mode_dots,
}


def draw(results: Entry, out_dir: Path) -> list[Path]:
    """Write the figures of every set in its first mode, several at a time; the paths of the PNGs drawn."""
    out_dir.mkdir(parents=True, exist_ok=True)
    tasks = [
        (kind, here(results, place), out_dir / f"{kind}.{place['set']}.{place['mode']}.png")
        for place in places(results)
        for kind in PLOTS
    ]
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return [path for path in pool.map(_draw, tasks) if path]


def here(results: Entry, place: Place) -> Here:
    """What a figure of a set and mode is drawn from; `modes` are the figures of the set in all its modes."""
    return at(results, place) | {
        "arms": results["arms"],
        "floors": select(results["floors"], set=place["set"]),
        "modes": select(results["figures"], set=place["set"]),
    }


def _draw(task: tuple[str, Here, Path]) -> Path | None:
    kind, content, path = task
    with matplotlib.rc_context(STYLE):
        figure = PLOTS[kind](content)
        if figure is None:
            return None
        figure.savefig(path)
        figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
    return path
