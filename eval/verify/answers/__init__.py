"""Is the answer right? Which text is the answer, how it may be spelled, and math-verify's verdict with its guards."""

from .boxes import boxed
from .grader import Grader, Outcome, grade, shortcut

__all__ = ["Grader", "Outcome", "boxed", "grade", "shortcut"]
