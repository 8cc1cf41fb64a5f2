"""The simulated annotators by name: `ANNOTATORS` has all of them; adding one is one function here and its test.

Where a point lands on a mask, `pipelines.clicks` says. An annotator with chance draws from a generator of its own for each
object and each draw, so that what it does depends on nothing that came before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from model.chance import generator
from model.evaluation.protocol import Annotator
from pipelines.clicks import Click, Mask, Truth, next_click, random_click, scattered_click

SEED = 0
"""Of all draws: two evaluations meet the same annotators."""

Place = Callable[[Truth, Mask, np.random.Generator, Sequence[Click]], Click]
"""truth (H, W), present mask (H, W), the annotator's own chance, clicks so far → the next click."""


@dataclass(frozen=True, slots=True)
class AnnotatorKind:
    """One way to click."""

    name: str
    meaning: str
    """Where it clicks, in a few words."""
    place: Place
    draws: int
    """So many sessions an object are made unless somebody wants more."""
    has_chance: bool

    def of(self, number: int, draw: int = 0) -> Annotator:
        """The annotator of object `number`, counted from 0, in one of its draws; a new one begins its chance anew."""
        rng = chance_of(self.name, number, draw)

        def annotator(truth: Truth, mask: Mask, clicks: Sequence[Click]) -> Click:
            return self.place(truth, mask, rng, clicks)

        return annotator


ANNOTATORS: dict[str, AnnotatorKind] = {}


def chance_of(name: str, number: int, draw: int) -> np.random.Generator:
    """The generator of one annotator for one draw at one object."""
    # The first draw of `random` is older than draws; its numbers are kept.
    if name == "random" and draw == 0:
        return np.random.Generator(np.random.Philox(key=number))
    return generator(SEED, f"annotator {name}", number, draw)


def annotator(name: str, meaning: str, draws: int = 1, has_chance: bool = True) -> Callable[[Place], Place]:
    """Registers a function as the annotator `name`."""

    def register(place: Place) -> Place:
        ANNOTATORS[name] = AnnotatorKind(name, meaning, place, draws, has_chance)
        return place

    return register


@annotator("centre", "the centre of the largest error, as published", has_chance=False)
def _centre(truth: Truth, mask: Mask, rng: np.random.Generator, clicks: Sequence[Click]) -> Click:
    return next_click(truth, mask, clicks)


@annotator("random", "deep in the deeper kind of error")
def _random(truth: Truth, mask: Mask, rng: np.random.Generator, clicks: Sequence[Click]) -> Click:
    return random_click(truth, mask, rng, clicks)


@annotator("people", "anywhere in the deeper kind of error, more often where it is deep", draws=3)
def _people(truth: Truth, mask: Mask, rng: np.random.Generator, clicks: Sequence[Click]) -> Click:
    return scattered_click(truth, mask, rng, clicks)
