"""The analyses, in the order in which they are computed and stand on the page: one line each."""

from . import (
    arms,
    attention,
    attention_auc,
    attention_outcomes,
    attention_trace,
    constraint_types,
    contrasts,
    decomposition,
    figures,
    flips,
    floors,
    joint,
    learning_curve,
    length,
    length_bins,
    modes,
    policies,
    states,
    support,
)
from .analysis import Analysis

ANALYSES: tuple[Analysis, ...] = (
    figures.ANALYSIS,
    arms.ANALYSIS,
    contrasts.ANALYSIS,
    states.ANALYSIS,
    length_bins.ANALYSIS,
    length.ANALYSIS,
    constraint_types.ANALYSIS,
    flips.ANALYSIS,
    support.ANALYSIS,
    joint.ANALYSIS,
    learning_curve.ANALYSIS,
    decomposition.ANALYSIS,
    modes.ANALYSIS,
    policies.ANALYSIS,
    attention.ANALYSIS,
    attention_trace.ANALYSIS,
    attention_outcomes.ANALYSIS,
    attention_auc.ANALYSIS,
    attention.FOLLOWED,
    floors.ANALYSIS,
)
LISTS = {analysis.name: analysis for analysis in ANALYSES if analysis.name}  # of results.json
