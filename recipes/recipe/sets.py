"""Sets as a recipe writes them: built, read from a file or from the hub, or made of a model's own answers."""

import inspect
from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag

from ...eval.sample.settings import Sampling
from .strict import Count, Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]


class BuiltSet(Strict):
    """`rows` rows by the builder of that name; further keys are the builder's own arguments."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    builder: str
    rows: Count
    seed: int = 0

    @property
    def args(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


# What a builder may take of the base's answers, beside the rows that they answer: replies, their scores, and the scores of
# the same rows answered directly.
OF_ANSWERS = ("source_rows", "responses", "scores", "direct_scores")


class AnswersSet(BuiltSet, Sampling):
    """A built set that starts from the base's own sampled answers to the set `of`, asked with `constraints` or without.

    A builder that takes `direct_scores` compares two ways of asking: in `mode` and directly.
    """

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    of: Name
    samples: Count = 1
    mode: str = "think"
    constraints: bool = False

    @property
    def taken(self) -> list[str]:
        """What the builder takes of the answers, by its own signature."""
        # Not above: who only reads a recipe would import every builder.
        from ...data_builders import BUILDERS

        return [name for name in OF_ANSWERS if name in inspect.signature(BUILDERS[self.builder]).parameters]

    @property
    def compares(self) -> bool:
        """Whether the rows are answered in two modes."""
        return "direct_scores" in self.taken


class FileSet(Strict):
    """The first `rows` rows (all, when not said) of a JSON-lines file in our schema, MathIF's or IFEval's."""

    file: str
    rows: Count | None = None


class HubSet(Strict):
    """The first `rows` rows (all, when not said) of a split of a data set on the hub, in the same schemas."""

    hub: str
    split: str = "train"
    rows: Count | None = None


def is_reference(value: Any) -> bool:
    """Whether a builder argument stands for another set's rows."""
    return isinstance(value, dict) and list(value) == ["set"] and isinstance(value["set"], str | int | None)


def _kind(content: Any) -> str | None:
    content = content if isinstance(content, dict) else getattr(content, "__dict__", {})
    return next((key for key in ("of", "builder", "file", "hub") if key in content), None)


DataSet = Annotated[
    Annotated[AnswersSet, Tag("of")]
    | Annotated[BuiltSet, Tag("builder")]
    | Annotated[FileSet, Tag("file")]
    | Annotated[HubSet, Tag("hub")],
    Discriminator(_kind),
]
