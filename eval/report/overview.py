"""The few panels of Weights & Biases that say at a glance what an ablation found: charts of the run `report`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..analyse.results import ReportData, SetMode, pooled, select
from ..io.jsonl import iter_jsonl
from ..io.run_paths import RunPaths, checkpoint_name
from ..score.measure import Entry
from .summary import first_modes

ARM = {
    "hacc": "HAcc",
    "correct": "correct",
    "cut": "truncated share",
}  # metric -> its name in every arm's run
PAID = {"reward": "reward", "hacc": "HAcc"}  # of log.jsonl: what RL pays, and what it may cost

Lines = dict[str, list[tuple[float, float]]]  # name -> its points


def headline(entry: Entry, shown: SetMode) -> dict[str, float]:
    """A figure by its name in an arm's run, where it is among those of the overview: of the set and mode `shown`."""
    is_shown = (entry["set"], entry["mode"]) == (shown.set, shown.mode)
    if not is_shown or entry["metric"] not in ARM or entry["value"] is None:
        return {}
    return {f"arm/{ARM[entry['metric']]}": entry["value"]}


def overview(results: Entry, run_dir: Path) -> dict[str, Any]:
    """Chart by name: HAcc against correct, and the truncated share, an arm a mark; HAcc along training, an arm a line;
    reward beside HAcc, where RL was trained."""
    data = ReportData.of(results, first_modes(results)[0])
    charts = {
        "overview/HAcc against correct": _against_correct(data),
        "overview/truncated share": _truncated(data),
        "overview/HAcc along training": _along(data),
        "overview/reward beside HAcc": _rewards(data, RunPaths(run_dir)),
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def _by_arm(data: ReportData, metric: str) -> dict[str, float]:
    figures = select(pooled(data.whole("figures")), metric=metric)
    return {entry["arm"]: entry["value"] for entry in figures if entry["value"] is not None}


def _against_correct(data: ReportData) -> Any:
    import wandb

    correct, hacc = _by_arm(data, "correct"), _by_arm(data, "hacc")
    points = [[arm, correct[arm], hacc[arm]] for arm in hacc if arm in correct]
    if not points:
        return None
    table = wandb.Table(columns=["arm", "correct", "HAcc"], data=points)
    return wandb.plot.scatter(table, "correct", "HAcc", title=f"HAcc against correct, {data.set}")


def _truncated(data: ReportData) -> Any:
    import wandb

    table = wandb.Table(
        columns=["arm", "truncated"], data=[list(pair) for pair in _by_arm(data, "cut").items()]
    )
    return (
        wandb.plot.bar(table, "arm", "truncated", title=f"Truncated share, {data.set}")
        if table.data
        else None
    )


def _along(data: ReportData) -> Any:
    lines: Lines = {}
    for entry in select(data.entries("along"), metric="hacc"):
        lines.setdefault(_named(entry), []).append((entry["total_step"], entry["value"]))
    return _series(lines, f"HAcc along training, {data.set}", "training step, counted from the base")


def _rewards(data: ReportData, run: RunPaths) -> Any:
    lines: Lines = {}
    for arm in data.lists["arms"]:
        for line in _trained(run, arm):
            for key, name in PAID.items():
                if "reward" in line and line.get(key) is not None:
                    lines.setdefault(f"{_named(arm)} {name}", []).append((line["step"], line[key]))
    return _series(lines, "Reward beside HAcc in RL", "step of the stage")


def _trained(run: RunPaths, arm: Entry) -> Iterator[Entry]:
    """The log of an arm's last stage."""
    file = run.stage(checkpoint_name(arm["stages"], arm["seed"])) / "log.jsonl"
    if arm["stages"] and file.exists():
        yield from (line for _, line in iter_jsonl(file))


def _named(entry: Entry) -> str:
    return entry["arm"] if entry["seed"] is None else f"{entry['arm']}, seed {entry['seed']}"


def _series(lines: Lines, title: str, step: str) -> Any:
    import wandb

    if not lines:
        return None
    steps, values = ([[point[part] for point in points] for points in lines.values()] for part in (0, 1))
    return wandb.plot.line_series(steps, values, keys=list(lines), title=title, xname=step)
