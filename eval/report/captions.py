"""What a report says under each figure, and what it says where there is nothing to draw."""

from typing import NamedTuple


class Caption(NamedTuple):
    title: str
    caption: str
    missing: str


CAPTIONS = {
    "arms": Caption(
        "HAcc, SAcc and correct answers of every arm beside its base.",
        "An arm’s base is what it was trained from, or what the recipe sets it against. Bars are shares of samples with "
        "their 95 % intervals. The diamond is the blind score: the same checks on the same "
        "model’s answers to the same problems asked without the constraints (under “correct”: correct when asked without "
        "them). The dotted line is the best of the constant replies that ignore the constraints.",
        "no arm but the base was evaluated here",
    ),
    "lengths": Caption(
        "HAcc and SAcc by length of reasoning.",
        "Bins of equal count; the edges are in tokens, above them the samples in each bin; samples that do not reason are "
        "the bin at 0. Cut samples and unclosed thoughts stand apart, in no bin. Within an arm length goes with difficulty: "
        "this shows what goes together, not what causes what. Control arms are in the table.",
        "no arm has two bins of finished samples with constraints to judge",
    ),
    "slopes": Caption(
        "What a doubling of the reasoning goes with, by what is held fixed.",
        "Pooled is how the papers ask: harder problems get longer reasoning, so it mixes length with difficulty. Within "
        "source holds the kind of problem, within prompt the problem itself. Where a mode intervened, length was changed "
        "on the same prompts: the only one of the four that is no association. But a "
        "mode that keeps samples from ending makes them fail whatever their length, so it is shown of finished samples too. "
        "The other ways: finished samples that reason. An arrow at the edge is too vague for the axis; see the table.",
        "too few finished samples that reason at different lengths",
    ),
    "types": Caption(
        "Change by constraint type.",
        "Share of a type’s verdicts that hold, arm minus its base, paired; local constraints concern a place in the answer, "
        "global ones the whole. Counts and control arms are in the tables.",
        "no arm was compared with the base on constraints",
    ),
    "flips": Caption(
        "Prompts that flipped.",
        "A prompt passes when more than half of its samples do.",
        "no arm was compared with the base",
    ),
    "joint": Caption(
        "Constraints and answer together.",
        "The black line is where “both” would end if keeping the constraints and getting the answer right were independent.",
        "the set has no constraints or no answers",
    ),
    "along": Caption(
        "Along training.",
        "Every evaluated checkpoint, from the base on, a line a seed; a ring marks where an arm leaves the one it shares its "
        "stages with. Control arms are in the table.",
        "no arm has two evaluated checkpoints",
    ),
    "controls": Caption(
        "What remains of an arm’s change beyond its control.",
        "What a control arm loses at equal steps is no price of reasoning: blue is what is left of black after it.",
        "no arm stands beside a control arm",
    ),
    "attribution": Caption(
        "What the change of HAcc goes with.",
        "Black is the whole change. Green are its parts that go with something else that changed, by regression on the same "
        "prompts: association, not cause. Orange, where asked, is the same checkpoint with its reasoning against without.",
        "no arm was compared with the base on constraints",
    ),
    "modes": Caption(
        "The same prompts asked in several modes.",
        "Each mode changes how the same checkpoint reasons; paired differences from the first mode are in the table.",
        "asked in one mode only",
    ),
}
