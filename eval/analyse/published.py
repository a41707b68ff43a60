"""MathIF's published figures, to be laid beside ours (Fu et al., arXiv 2505.14810 v2, Tables 3, 4, 5, 6, 11, 12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from ..io.errors import InputError
from ..score.measure import Entry
from .formats import rate
from .metrics import label
from .results import ReportData, Rows, pooled, select

PAPER = "MathIF (arXiv 2505.14810 v2)"
DIFFERS = (
    "The same as here under preset mathif: the prompts, the checks, and what is judged (all of the text where think "
    "tags are missing or never close). Different: one sample a query, so no interval; temperature 1.0, top-p 0.95, up "
    "to 16,384 tokens, whatever the model; language detection without a seed; another grader (PRIME's), which misses "
    "some right answers and takes 42 for 4200. The maths average is over AIME24, AIME25, AMC23, Minerva and Olympiad, "
    "asked without constraints. Table 4 gives 7.86 and 21.03 to two different models, perhaps a copying error."
)
MATHS = ("avg_math", "aime24", "aime25", "amc23", "minerva", "olympiad")
METRICS = ("hacc", "sacc", "correct_plain", "correct", *MATHS)

# per cent, as printed; a name that opens with + was trained from, or asked differently than, the last without
TABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "Table 3": (("hacc", "sacc", "correct_plain", "correct"), """
Qwen3-4B                        44.05 61.43 68.10 58.57
Qwen3-1.7B                      30.24 50.24 62.38 51.19
Qwen3-0.6B                      27.86 50.44 40.95 32.14
L1-Qwen-1.5B-Exact              19.76 39.60 53.81 42.86
L1-Qwen-1.5B-Max                19.76 39.40 55.48 45.71
DeepSeek-R1-Distill-Qwen-1.5B   17.14 36.62 52.86 31.67
DeepScaler-1.5B-Preview         14.52 34.52 58.10 36.19
Qwen2.5-1.5B-SimpleRL-Zoo        9.05 24.33 27.14 22.38
Qwen2.5-Math-1.5B-Instruct       7.62 21.39 44.05 44.29
Qwen3-14B                       50.71 67.06 71.43 64.29
DeepSeek-R1-Distill-Qwen-14B    39.28 60.55 67.14 50.95
Qwen3-8B                        37.86 57.34 69.52 66.43
DeepSeek-R1-Distill-Qwen-7B     26.43 44.96 65.24 48.57
DeepSeek-R1-Distill-Llama-8B    22.14 44.04 59.76 36.43
Open-Reasoner-Zero-7B           13.57 32.26 52.86 51.90
Qwen2.5-Math-7B-Instruct         9.05 25.60 46.90 37.14
Qwen3-32B                       43.81 62.82 72.62 70.00
DeepSeek-R1-Distill-Qwen-32B    42.62 60.91 71.43 57.62
DeepSeek-R1-Distill-Llama-70B   41.43 61.07 71.19 54.05
QwQ-32B                         40.24 59.99 70.95 68.81
OlympicCoder-32B                35.95 57.97 59.29 54.52
s1-32B                          20.95 41.78 62.86 60.95
Open-Reasoner-Zero-32B          15.47 35.52 65.48 67.62
"""),
    "Tables 4 and 12": (("hacc", "sacc", *MATHS), """
Qwen2.5-1.5B                    10.00 27.26  1.21  0.21  0.00  2.89  1.47  1.48
+SFT                             7.86 22.70  4.20  0.10  0.10 10.70  4.04  6.07
+SFT+RL                          7.86 20.44 12.54  4.48  2.08 28.36  9.56 18.22
+cold-RL                         9.52 23.97 14.58  4.48  2.19 30.47 16.18 19.56
+cold-RL fmt                    10.95 28.49 11.17  2.60  0.31 26.80  9.56 16.59
Qwen2.5-7B                      15.95 33.13 13.59  4.90  1.98 27.81 13.24 20.00
+SFT                             7.86 21.03 23.10 10.00 10.52 40.78 25.00 29.19
+SFT+RL                          7.62 21.07 32.82 18.65 18.23 57.34 27.94 41.93
+cold-RL                        10.48 27.26 28.39 15.21  8.75 53.98 29.78 34.22
+cold-RL fmt                    14.52 32.50 24.80 10.52  8.13 46.56 27.21 31.56
Qwen2.5-Math-1.5B                9.28 23.33 18.91  7.92  4.27 42.89 14.71 24.74
+SFT                             7.86 21.03 14.39  5.94  3.65 30.08 13.60 18.67
+SFT+RL                          7.14 20.56 24.71 10.94  9.27 48.75 23.16 31.41
+cold-RL                         8.33 21.31 24.88 13.30  7.70 52.00 20.58 30.81
+cold-RL fmt                     7.62 20.08 23.95 12.81  6.46 51.95 20.22 28.30
Qwen2.5-Math-7B                  9.76 23.53 20.68 16.45  8.13 45.63  7.72 25.48
+SFT                             8.09 22.06 29.11 16.88 15.94 53.36 25.00 34.37
+SFT+RL                          8.57 21.03 40.65 30.21 23.96 70.55 31.25 47.26
+cold-RL                         7.85 22.62 32.61 27.50 13.60 59.84 25.36 36.74
+cold-RL fmt                     7.86 21.79 32.66 28.75 11.15 62.50 26.10 34.81
"""),
    "Tables 5 and 11": (("hacc", "sacc", *MATHS), """
DeepSeek-R1-Distill-Qwen-1.5B   17.14 36.62 36.13 28.33 21.15 67.73 23.16 40.30
+RL, rollouts to 1k             19.05 39.88 28.73 14.27 11.67 58.20 23.53 36.00
+RL, rollouts to 2k             16.43 36.75 36.32 24.06 19.58 70.39 26.10 41.48
+RL, rollouts to 4k             16.91 35.87 40.03 28.65 24.17 75.39 26.47 45.48
+RL, rollouts to 8k             14.29 34.13 39.82 30.73 24.06 73.05 26.84 44.44
"""),
    "Table 6": (("hacc", "sacc", "correct"), """
DeepSeek-R1-Distill-Qwen-1.5B   17.14 36.62 31.67
+constraints repeated           21.66 42.58 22.38
Open-Reasoner-Zero-7B           13.57 32.26 51.90
+constraints repeated           14.53 33.14 30.00
Qwen3-32B                       43.81 62.82 70.00
+constraints repeated           59.29 68.34 63.81
"""),
}  # fmt: skip


Share = Annotated[float | None, "the published share; null where it is not given"]


@dataclass(frozen=True)
class PublishedRow:
    """A row of a paper's table, per cent as shares."""

    source: Annotated[str, "paper and table"]
    base: Annotated[str, "what it was trained from, or asked differently than"]
    model: Annotated[str, "its name in the paper"]
    hacc: Share = None
    sacc: Share = None
    correct_plain: Share = None
    correct: Share = None
    avg_math: Share = None
    aime24: Share = None
    aime25: Share = None
    amc23: Share = None
    minerva: Share = None
    olympiad: Share = None


@dataclass(frozen=True)
class Published:
    """A paper's figures laid beside ours; there only where the report was asked for them."""

    which: Annotated[str, "the name that the report was given"]
    paper: Annotated[str, "the paper"]
    note: Annotated[str, "how it measured differently"]
    rows: Annotated[list[PublishedRow], "its rows, see below"]


def published(which: str, *, preset: str, models: Sequence[str] = ()) -> Published:
    """The paper's rows; `models` are names or hub ids: rows of these models and of what was trained from them, or
    all rows where the paper has none of them.

    Raises InputError on another paper, and on figures of another preset.
    """
    if which != "mathif":
        raise InputError(f"--beside {which}", "no such figures", "give mathif")
    if preset != "mathif":
        raise InputError(
            "--beside mathif", f"this run is judged by preset {preset}", "score it with preset mathif"
        )
    wanted = {model.rstrip("/").rpartition("/")[2].lower() for model in models}
    rows = [row for table in TABLES for row in _rows(table)]
    named = [row for row in rows if {row.base.lower(), row.model.lower()} & wanted]
    return Published(which, PAPER, DIFFERS, named or rows)


def _rows(table: str) -> list[PublishedRow]:
    metrics, text = TABLES[table]
    rows: list[PublishedRow] = []
    base = ""
    for line in text.strip().splitlines():
        model, *values = (part.strip() for part in line.rsplit(maxsplit=len(metrics)))
        base = base if model.startswith("+") else model
        shares = {metric: round(float(value) / 100, 4) for metric, value in zip(metrics, values, strict=True)}
        rows.append(PublishedRow(f"{PAPER}, {table}", base, model, **shares))
    return rows


def published_table(data: ReportData, rows: Sequence[Entry]) -> Rows:
    """Our arms, then the rows of a paper; theirs without intervals, as published."""
    metrics = ("hacc", "sacc", "correct", "correct_plain")
    whole = pooled(data.whole("figures"))
    table = [["model", "trained from", "source", *map(label, metrics), "maths average"]]
    for arm in dict.fromkeys(figure["arm"] for figure in whole):
        by_metric = {figure["metric"]: figure for figure in select(whole, arm=arm)}
        rates = (rate(by_metric.get(metric)) for metric in metrics)
        table.append([arm, "–", "this run", *rates, "–"])
    for row in rows:
        shares = (row[metric] for metric in (*metrics, "avg_math"))
        printed = ["–" if share is None else f"{share:.4f}" for share in shares]
        table.append([row["model"], row["base"], row["source"], *printed])
    return table
