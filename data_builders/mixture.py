"""A stage's training rows: sets mixed by share, written in TRL's columns.

Shares in `data` replace one another inside a fixed number of rows; sets in `add` come on top, beside them. The order
in the file is drawn from the seed and a row's place in its set alone: an arm that replaces a share of rows keeps the
others where they were. The trainer draws its own order of them by the seed, which is the same one only for as many rows
(or packed bins).

As a process, `python -m reins.data_builders.mixture --config runs/<recipe>/mixtures/<stage>-s<seed>/config.yaml`, it
writes rows.jsonl and last, atomically, done.json beside its config.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..eval.io.command import of_config, read_config
from ..eval.io.errors import InputError
from ..eval.io.files import sha256, write_json
from ..eval.io.jsonl import Line, write_jsonl
from ..eval.io.run_paths import DONE
from ..eval.verify import render
from ..eval.verify.decision import ASKS, DECISION, decision_turn
from ..eval.verify.rows import Row, read_rows


def counts(shares: Mapping[str, float], rows: int) -> dict[str, int]:
    """How many of `rows` each set gives, by largest remainder; raises `InputError` if shares do not add to 1, or one is
    no share."""
    if not all(share >= 0 for share in shares.values()):
        raise InputError("shares", f"{dict(shares)}", "give numbers from 0 that add to 1")
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise InputError("shares", f"{dict(shares)} add to {sum(shares.values()):g}", "make them add to 1")
    exact = {name: share * rows for name, share in shares.items()}
    whole = {name: int(value) for name, value in exact.items()}
    left = rows - sum(whole.values())
    for name in sorted(exact, key=lambda name: whole[name] - exact[name])[:left]:
        whole[name] += 1
    return whole


def _order(size: int, seed: int) -> list[int]:
    order = list(range(size))
    random.Random(f"order-{seed}").shuffle(order)
    return order


def _slots(wanted: Mapping[str, int], added: Mapping[str, int], seed: int) -> list[tuple[str, int]]:
    """(set, place in that set's order) for every training row, in training order.

    The first set fills every slot; the others take theirs over, so what stays keeps its place.
    """
    first, *others = wanted
    total = sum(wanted.values())
    slots = [(first, place) for place in range(total)]
    taken = iter(_order(total, seed))
    for name in others:
        for place in range(wanted[name]):
            slots[next(taken)] = (name, place)
    rng = random.Random(f"added-{seed}")
    keyed = [((place + 0.5) / total, slot) for place, slot in enumerate(slots)]
    keyed += [(rng.random(), (name, place)) for name, count in added.items() for place in range(count)]
    return [slot for _, slot in sorted(keyed)]


def training_turn(row: Row, preset: str) -> str:
    """The user's turn of a training row: what the row asks, or whether to think about it, in the words of mode `decide`."""
    turn = render(row, preset=preset)
    return decision_turn(turn) if row.extra.get(ASKS) == DECISION else turn


def sft_row(row: Row, preset: str) -> Line:
    """TRL's prompt/completion columns; the loss falls on the completion."""
    if not row.response:
        raise InputError(
            f"row {row.name}", "no 'response' to learn from", "use a set of traces in SFT stages"
        )
    return {
        "prompt": [{"role": "user", "content": training_turn(row, preset)}],
        "completion": [{"role": "assistant", "content": row.response}],
    }


def grpo_row(row: Row, preset: str) -> Line:
    """TRL's prompt column and what the rewards read; kwargs as JSON, which Arrow cannot fill with nulls."""
    return {
        "prompt": [{"role": "user", "content": training_turn(row, preset)}],
        "solution": row.answer or None,
        "constraint_name": [constraint.id for constraint in row.constraints],
        "constraint_args": json.dumps([dict(constraint.kwargs) for constraint in row.constraints]),
        "row": row.name,
        "problem_id": row.problem_id,
    }


def mix(
    trainer: Literal["sft", "grpo"],
    sets: Mapping[str, Path],
    shares: Mapping[str, float],
    add: Mapping[str, float],
    rows: int,
    seed: int,
    out_path: Path,
    preset: str = "reins",
) -> dict[str, int]:
    """Writes a stage's rows to `out_path` and returns how many came from each set.

    Raises `InputError` when a set is smaller than its share asks for, or has no responses for an SFT stage.
    """
    wanted = counts(shares, rows)
    added = {name: round(share * rows) for name, share in add.items()}
    columns = sft_row if trainer == "sft" else grpo_row
    slots = _slots(wanted, added, seed)
    ordered = {name: _ordered(path, seed) for name, path in sets.items()}
    for name, place in slots:
        if place >= len(ordered[name]):
            raise InputError(
                sets[name],
                f"{len(ordered[name])} rows, the mixture wants more",
                "build more or lower its share",
            )
    write_jsonl(out_path, (columns(ordered[name][place], preset) for name, place in slots))
    return dict(Counter(name for name, _ in slots))


def _ordered(path: Path, seed: int) -> list[Row]:
    rows = read_rows(path)
    return [rows[i] for i in _order(len(rows), seed)]


def mix_of(config_file: Path) -> dict[str, int]:
    """Mix the rows that a config names; returns and raises as `mix`."""
    config, out = read_config(config_file), config_file.parent / "rows.jsonl"
    inputs = config.pop("inputs")
    sets = {name: Path(file) for name, file in config.pop("sets").items()}
    taken = mix(**config, sets=sets, out_path=out)
    write_json(out.with_name(DONE), {"inputs": inputs, "rows": taken, "output": sha256(out)})
    return taken


def main() -> int:
    return of_config(lambda config: print(mix_of(config)), "reins.data_builders.mixture", __doc__)


if __name__ == "__main__":
    sys.exit(main())
