"""The card of a built set, in the hub's format: what is in it, where from, and what was left out."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from ..eval.verify.rows import Row
from .decontaminate import Overlap
from .draw import Tally

MAA = "© MAA, for evaluation only"
# By the whole of a source's name: ids on the hub, and what our own builders and benchmarks call their rows. The
# upstream licences as the sources state them. A name that only holds one of these says nothing of its licence.
LICENCES = {
    **dict.fromkeys([f"micro/{kind}" for kind in ("problem", "trace", "composite", "writing")], "apache-2.0"),
    **dict.fromkeys(["gsm8k", "openai/gsm8k"], "mit"),
    "agentica-org/DeepScaleR-Preview-Dataset": "mit",
    **dict.fromkeys(["math500", "HuggingFaceH4/MATH-500"], "mit"),
    **dict.fromkeys(["minerva", "zwhe99/simplerl-minerva-math"], "cc-by-nc-sa-4.0"),
    **dict.fromkeys(["aime24", "aime25", "HuggingFaceH4/aime_2024", "math-ai/aime25"], MAA),
    **dict.fromkeys(["amc23", "zwhe99/amc23"], MAA),
    **dict.fromkeys(["allenai/RLVR-IFeval", "ifbench", "allenai/IFBench_test"], "odc-by"),
    "open-r1/OpenR1-Math-220k": "apache-2.0",
    **dict.fromkeys(["ifeval", "google/IFEval"], "cc-by-4.0"),
}
HUB_LICENCES = ("mit", "apache-2.0", "cc-by-4.0", "cc-by-nc-sa-4.0", "odc-by")
UNKNOWN = "not known here: see the source"
SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
LISTED = 20
MARKUP = re.compile(r"[|<>&`*\[\]\\]|^[#\-+=]")


def card(
    rows: Iterable[Row], *, name: str, command: str, seed: int | None, tally: Tally | None = None
) -> str:
    """The card of a set as Markdown after a YAML header; one pass over the rows.

    `tally` is what its builder left out (`Built.tally`), absent for sets that nothing was left out of.
    """
    sources, types, pairs, numbers, splits = (Counter[Any]() for _ in range(5))
    for row in rows:
        kinds = sorted(constraint.id for constraint in row.constraints)
        sources[row.source] += 1
        splits[row.extra.get("split") or "not split"] += 1
        numbers[len(kinds)] += 1
        types.update(kinds)
        pairs.update(combinations(kinds, 2))
    refused = tally.refused if tally else Counter()
    licensed = {(source, licence(source)): count for source, count in sources.items()}
    parts = [
        _header(name, sources),
        f"# {name}",
        f"{sources.total()} rows. Seed {seed}. Made by\n\n```\n{command}\n```",
        _table("Sources", ("source", "licence", "rows"), _ranked(licensed)),
        _table("Splits", ("split", "rows"), _ranked(splits)),
        _table("Constraints in a row", ("constraints", "rows"), _ranked(numbers)),
        _table("Constraint types", ("type", "rows"), _ranked(types)),
        _table("Pairs of types", ("type", "with", "rows"), _ranked(pairs)),
        _table("Labels", ("label", "rows"), _ranked(tally.labels) if tally else []),
        _table("Refused draws: no witness", ("constraints", "draws"), _ranked(_joined(refused))),
        _left_out(tally) if tally else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def licence(source: str) -> str:
    """The licence of a source's rows, by its whole name; that it is not known where the name is not ours to judge."""
    return LICENCES.get(source, UNKNOWN)


def push_to_hub(folder: Path, repository: str, *, private: bool = True) -> None:
    """Upload a built set (rows.jsonl, card.md) as a hub data set; needs the user's own hub login."""
    from huggingface_hub import HfApi

    api = HfApi()
    api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
    for file, there in (("rows.jsonl", "rows.jsonl"), ("card.md", "README.md")):
        api.upload_file(
            path_or_fileobj=folder / file, path_in_repo=there, repo_id=repository, repo_type="dataset"
        )


def _header(name: str, sources: Counter[str]) -> str:
    licences = {licence(source) for source in sources}
    (single,) = licences if len(licences) == 1 else ("other",)
    size = next((label for limit, label in SIZES if sources.total() < limit), "n>1M")
    return "\n".join(
        [
            "---",
            f"pretty_name: {name}",
            f"license: {single if single in HUB_LICENCES else 'other'}",
            "language: [en]",
            "task_categories: [text-generation]",
            f"size_categories: ['{size}']",
            "tags: [instruction-following, verifiable-constraints, reins]",
            "configs: [{config_name: default, data_files: rows.jsonl}]",
            "---",
        ]
    )


def _ranked(counts: Mapping[Any, int]) -> list[tuple[Any, ...]]:
    """Key and count as cells, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [(*(key if isinstance(key, tuple) else (key,)), count) for key, count in ranked]


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> str:
    if not rows:
        return ""
    shown = [map(_text, cells) for cells in rows]
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *shown)]
    return f"## {title}\n\n" + "\n".join(lines)


def _text(content: object) -> str:
    """What a row says, as text in one cell or line: it makes no heading, column or tag, and names no place here."""
    said = " ".join(_named(str(content)).split())
    return MARKUP.sub(lambda mark: f"&#{ord(mark[0])};", "".join(sign for sign in said if sign.isprintable()))


def _named(source: str) -> str:
    """A source as it may be published: of a path on this machine its last two parts, as rows read there are named."""
    path = Path(source)
    return "/".join(path.parts[-2:]) if path.is_absolute() or source.startswith((".", "~")) else source


def _joined(refused: Counter[tuple[str, ...]]) -> dict[str, int]:
    return {" + ".join(group): count for group, count in refused.items()}


def _left_out(tally: Tally) -> str:
    read = ", ".join(f"{count} from {_text(source)}" for source, count in sorted(tally.read.items()))
    lines = [f"- read: {read}", f"- the same problem again: {tally.duplicates}"]
    lines.append(
        f"- gold answer with unbalanced braces: {len(tally.broken)} {_text(', '.join(tally.broken))}".rstrip()
    )
    lines += [f"- {_text(reason)}: {count}" for reason, count in _ranked(tally.dropped)]
    if not tally.against:
        return "## Left out\n\n" + "\n".join([*lines, "- overlap with evaluation sets: not looked for"])
    removed = {(overlap.source, overlap.question) for overlap in tally.overlaps}
    lines.append(
        f"- overlap with {', '.join(map(_text, tally.against))}: {len(removed)} problems, listed below"
    )
    return "\n\n".join(["## Left out\n\n" + "\n".join(lines), *_overlaps(tally.overlaps)])


def _overlaps(overlaps: list[Overlap]) -> list[str]:
    # Of a problem, not of the rows that ask it: an evaluation set may ask one several times, under other constraints.
    met = {(overlap.evaluation, overlap.kind, overlap.source, overlap.question) for overlap in overlaps}
    counts = Counter((evaluation, kind) for evaluation, kind, *_ in met)
    nearest = sorted(overlaps, key=lambda overlap: (overlap.kind != "exact", -overlap.share, overlap.row))
    shown = [
        (overlap.row, overlap.evaluation_row, overlap.kind, overlap.share) for overlap in nearest[:LISTED]
    ]
    title = f"Overlap, the nearest {len(shown)}: share of the evaluation problem's 8-grams"
    return [
        _table("Overlap by evaluation set", ("set", "rule", "problems"), _ranked(counts)),
        _table(title, ("problem", "evaluation problem", "rule", "share"), shown),
    ]
