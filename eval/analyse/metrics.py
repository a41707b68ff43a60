"""The metrics of results.json, each named and described once, and which of them are shown where."""

from typing import NamedTuple


class Metric(NamedTuple):
    """How a metric is headed in tables, and what it means."""

    label: str
    meaning: str


METRICS = {
    "hacc": Metric("HAcc", "share of samples that hold all their constraints"),
    "sacc": Metric("SAcc", "share of a sample's constraints that hold, averaged over samples"),
    "correct": Metric("correct", "share of samples with the right answer"),
    "joint": Metric("joint", "share of samples with all constraints and the right answer"),
    "hacc_finished": Metric("HAcc, finished", "`hacc` of the samples that are neither cut nor unclosed"),
    "sacc_finished": Metric("SAcc, finished", "`sacc` of the samples that are neither cut nor unclosed"),
    "verdict": Metric("verdicts", "share of single verdicts that hold (IFEval: instruction level, strict)"),
    "hacc_loose": Metric("HAcc, loose", "`hacc` by IFEval's loose rules, where the preset has them"),
    "verdict_loose": Metric(
        "verdicts, loose", "`verdict` by IFEval's loose rules, where the preset has them"
    ),
    "macro": Metric("macro", "mean over constraint types of the share of a type's verdicts that hold"),
    "blind_hacc": Metric(
        "blind HAcc", "`hacc` of answers to the same problems asked without the constraints"
    ),
    "blind_sacc": Metric("blind SAcc", "`sacc` of the same answers"),
    "blind_verdict": Metric("blind verdicts", "`verdict` of the same answers"),
    "correct_plain": Metric("correct, plain", "`correct` of the same answers"),
    "hacc_over_blind": Metric("over blind", "`hacc` less `blind_hacc`"),
    "sacc_over_blind": Metric("SAcc over blind", "`sacc` less `blind_sacc`"),
    "verdict_over_blind": Metric("verdicts over blind", "`verdict` less `blind_verdict`"),
    "correct_over_plain": Metric("correct over plain", "`correct` less `correct_plain`"),
    "cut": Metric("cut", "share of samples that hit their token limit, or that a filter ended"),
    "unclosed": Metric("unclosed", "share of samples whose thought never ends"),
    "reasoned": Metric("reasons", "share of samples with a thought that is not empty"),
    "reasoning_tokens": Metric("reasoning tokens", "mean length of the reasoning, in tokens"),
    "answer_tokens": Metric("answer tokens", "mean length of the answer, in tokens"),
}
OUTCOMES = ("hacc", "sacc", "correct")
ASKED_WITHOUT = {  # what a metric is called of answers that were asked without the constraints
    "hacc": "blind_hacc",
    "sacc": "blind_sacc",
    "correct": "correct_plain",
    "verdict": "blind_verdict",
}
OVER = {  # a figure over what the same model reaches when asked without the constraints
    "hacc_over_blind": "hacc",
    "sacc_over_blind": "sacc",
    "verdict_over_blind": "verdict",
    "correct_over_plain": "correct",
}
CONTRASTED = ("hacc", "sacc", "correct", "correct_plain", "joint", "hacc_finished", "verdict")
FLIPPED = ("hacc", "correct")


def label(metric: str) -> str:
    """A metric as tables and figures head it."""
    return METRICS[metric].label
