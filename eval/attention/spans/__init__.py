"""Where each constraint stands in its prompt, by rule: rows in, character spans out. Imports no torch."""

from .places import RowSpans, Span, located, not_found, row_spans

__all__ = ["RowSpans", "Span", "located", "not_found", "row_spans"]
