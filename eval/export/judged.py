"""What exported tasks run on: rows, the prompts that ask them, and replies judged as `reins score` judges them."""

from pathlib import Path
from typing import Any

from ..score.outputs.chat import completed
from ..score.outputs.record import Generation
from ..score.score import score_one
from ..score.scores import Score
from ..verify.prompt import render
from ..verify.responses import Response
from ..verify.rows import read_rows


class Judged:
    """The rows of a file under one preset. `opened`: the chat template opens the thought, as DeepSeek-R1's does.

    Where it does, a reply without any tag never left its thought; `reins score` sees that from the other replies.
    """

    def __init__(self, rows_file: str | Path, *, preset: str = "reins", opened: bool = False) -> None:
        self.rows = {row.name: row for row in read_rows(rows_file)}
        self.preset = preset
        self._opened = opened

    def prompts(self) -> dict[str, str]:
        """The user turn that asks each row, by the row's name."""
        return {name: render(row, preset=self.preset) for name, row in self.rows.items()}

    def score(
        self, name: str, text: str, *, thought: str | None = None, truncated: bool | None = None
    ) -> Score:
        """The score of one reply to a row; `thought` stands beside the text where a server took it out."""
        opened = self._opened and not thought
        response = Response(
            name, 0, text, "unclosed" if opened else None, truncated=truncated, thought=thought
        )
        return score_one(self.rows[name], response, preset=self.preset)

    def score_output(self, name: str, output: dict[str, Any]) -> Score:
        """The score of the first choice of a completion, as Inspect and OpenAI's servers give them.

        Without any it was cut: a limit of Inspect's own, on tokens or time, ends a sample before its reply is kept.
        """
        if output.get("choices") == []:
            return self.score(name, "", truncated=True)
        reply: Generation = completed(output, name)[0]
        return self.score(name, reply.text, thought=reply.thought, truncated=reply.truncated)


def figures(score: Score) -> dict[str, float]:
    """The numbers of one score, for those that it has: `hacc` and `sacc` with constraints, `correct` with an answer."""
    known = {"hacc": score.hacc, "sacc": score.sacc, "correct": score.correct}
    return {name: float(value) for name, value in known.items() if value is not None}
