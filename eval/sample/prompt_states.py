"""What a checkpoint makes of each prompt before it replies: the last layer's hidden state at the prompt's last token.

A classifier of whether thinking will help may read it, as it is there before a single token is drawn (ThinkSwitcher, arXiv
2505.14183, switches by such a state).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..io.files import naming
from ..io.run_paths import PROMPT_STATES
from ..verify import render
from ..verify.rows import load_rows
from .checkpoint import fingerprint, load_model, read_checkpoint
from .modes.names import parse_mode


def write_prompt_states(
    model: str, rows_file: str | Sequence[str], out: Path, *, mode: str, preset: str
) -> Path:
    """Write the states of all rows as they are asked in a mode, [rows, hidden] float32 in the order of the rows.

    The file counts once its evaluation is done; until then it is written anew.
    """
    rows, checkpoint, asked = load_rows(rows_file), read_checkpoint(model), parse_mode(mode)
    weights = load_model(model, fingerprint(model))
    states = []
    for row in rows:
        turn = asked.turn(render(row, preset=preset), checkpoint.form)
        tokens = checkpoint.prompt_of(turn, direct=asked.direct).tokens
        with torch.inference_mode():
            hidden = weights.base_model(input_ids=torch.tensor([tokens], device=weights.device))[0]
        states.append(hidden[0, -1].float().cpu().numpy())
    with naming(file := out / PROMPT_STATES):
        np.save(file, np.stack(states))
    return file
