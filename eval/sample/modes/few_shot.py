"""The modes that show worked examples before the row: few_shot, and the controls that tell what in them helps.

few_shot [K [D]]         K examples (4 where not said), each an instruction, a thought and an answer that holds its
                         constraints, and then the request of `cot` ("When Thinking Fails", arXiv 2505.11423, section 4)
few_shot_plain [K [D]]   the same examples without their constraints, answered as they would be without them
few_shot_direct [K [D]]  the same examples without their thoughts, and the row asked as by `direct`

D is the draw (0 where not said): another number, other examples of the set. Figures of few-shot prompts hang on the
draw, so one of them proves little. All rows are shown the same examples, none of which shares a problem or a constraint
with an evaluated row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from ...io.errors import InputError
from ...verify import Split, render, split_reasoning, verdicts
from ...verify.overlap import Evaluated
from ...verify.prompt import with_request
from ...verify.rows import Row, read_rows, rows_hash
from ...verify.thought_formats import ThoughtFormat
from .mode import Mode
from .prompted import Direct, thought_request

EXAMPLES = 4
WITHOUT = "plain_response"  # an example's reply where its constraints are not asked


@dataclass(frozen=True)
class FewShot(Mode):
    """Examples whole: instruction, thought and answer."""

    examples: tuple[Row, ...] = ()
    constrained: bool = True

    name = "few_shot"
    most = 2
    by_chat = True
    needs = "examples"

    @property
    def draw(self) -> int:
        return self.numbers[1] if len(self.numbers) > 1 else 0

    def with_file(self, file: str, rows: Sequence[Row]) -> "FewShot":
        """With K examples drawn from a file of them; raises InputError where they are too few, overlap, or do not hold."""
        drawn = self.showing(file, read_rows(file))
        drawn.refuse_unfit(file, rows)
        return drawn

    def refuse_unfit(self, where: str, rows: Sequence[Row]) -> None:
        """Raise InputError, naming where they are from, if examples are among the evaluated rows, or do not hold."""
        refuse_overlap(where, self.examples, rows)
        for example in self.examples:
            self._check(where, example)

    def showing(self, where: str, known: Sequence[Row]) -> "FewShot":
        """With K of these examples; raises InputError, naming where they are from, if they are too few."""
        count = self.number or EXAMPLES
        if len(known) < count:
            raise InputError(
                where, f"{len(known)} examples, mode {self.text} shows {count}", "give more of them"
            )
        return replace(self, examples=tuple(Random(f"few_shot/{self.draw}").sample(known, count)))

    def without_constraints(self) -> "FewShot":
        return replace(self, constrained=False)

    @property
    def noted(self) -> dict[str, Any]:
        return {"examples": rows_hash(self.examples)}

    def turn(self, asked: str, form: ThoughtFormat) -> str:
        shown = [
            f"Example {number}\nInstruction:\n{self._instruction(example)}\nReply:\n{self._reply(example, form)}"
            for number, example in enumerate(self.examples, 1)
        ]
        intro = f"Here are {len(shown)} worked examples." if len(shown) > 1 else "Here is a worked example."
        task = f"Now reply to this instruction in the same way.\nInstruction:\n{asked}"
        return with_request("\n\n".join([intro, *shown, task]), self._request(form))

    def check_rows(self, rows: Iterable[Row]) -> None:
        self.need_constraints(rows, "to show how to keep")

    def _instruction(self, example: Row) -> str:
        return render(example, with_constraints=self.constrained)

    def _split(self, example: Row) -> Split:
        return split_reasoning(example.extra["response" if self.constrained else WITHOUT])

    def _reply(self, example: Row, form: ThoughtFormat) -> str:
        split = self._split(example)
        return f"{form.opening}{split.reasoning.strip()}{form.closing}{split.answer}"

    def _request(self, form: ThoughtFormat) -> str:
        return thought_request(form)

    def _check(self, file: str, example: Row) -> None:
        """Raise InputError where an example has not all its parts, or breaks a constraint of its own."""
        for key in ("response", WITHOUT):
            split = split_reasoning(str(example.extra.get(key) or ""))
            if not split.reasoned or not split.answer:
                said = f"{key!r} of {example.name} has no thought or no answer"
                raise InputError(file, said, "build examples by `micro.examples`, or write it")
        answer = split_reasoning(example.extra["response"]).answer
        if not example.constraints or not all(verdicts(example.constraints, answer)):
            said = f"the answer of {example.name} does not hold constraints of its own"
            raise InputError(file, said, "build examples by `micro.examples`, or mend it")


@dataclass(frozen=True)
class FewShotPlain(FewShot):
    """Examples without their constraints."""

    constrained: bool = False

    name = "few_shot_plain"


@dataclass(frozen=True)
class FewShotDirect(Direct, FewShot):
    """Examples without their thoughts."""

    name = "few_shot_direct"
    by_chat = False

    def _reply(self, example: Row, form: ThoughtFormat) -> str:
        return self._split(example).answer

    def _request(self, form: ThoughtFormat) -> str:
        return ""


def refuse_overlap(file: str, examples: Iterable[Row], rows: Sequence[Row]) -> None:
    """Raise InputError where an example has the problem, or a constraint with the values, of an evaluated row."""
    evaluated = Evaluated(rows)
    fix = "build the examples `against` the evaluated set"
    for example in examples:
        if name := evaluated.has_problem(example):
            raise InputError(file, f"{example.name} is the problem of {name}, which is evaluated", fix)
        for constraint in example.constraints:
            if name := evaluated.has_constraint(constraint):
                said = (
                    f"{example.name} asks for {constraint.id} with the values of {name}, which is evaluated"
                )
                raise InputError(file, said, fix)
