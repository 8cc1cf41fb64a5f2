"""A word names one class: a second one that takes it is refused where it is defined, and the first one stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from pipelines.actions import ALIASES, CATALOGUE, Action
from pipelines.actions.base import action
from pipelines.actions.crop import Crop
from pipelines.actions.flip import Flip
from pipelines.image import CropPixels, PixelOp, Pixels
from pipelines.sample import Sample


@dataclass(frozen=True)
class Toy(Action):
    """An action that does nothing."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,)


@pytest.fixture
def unchanged():
    """Registers that are as they were when the test ends."""
    registers = (CATALOGUE, ALIASES, PixelOp.registry)
    before = [dict(register) for register in registers]
    yield before
    for register, old in zip(registers, before, strict=True):
        register.clear()
        register.update(old)


def test_an_action_that_takes_words_is_refused_with_all_of_them(unchanged):
    with pytest.raises(ValueError, match="the word") as caught:
        action("crop", "free", "image_tag", "flip")(Toy)
    assert str(caught.value) == (
        "tests.pipelines.test_registry.Toy: the word 'crop' is pipelines.actions.crop.Crop's; "
        "the word 'image_tag' is pipelines.actions.tag.TagImage's; the word 'flip' is pipelines.actions.flip.Flip's; "
        "a word names one action, so choose another one, or remove that action first"
    )
    assert [CATALOGUE, ALIASES, PixelOp.registry] == unchanged
    assert (Crop.word, Flip.word) == ("crop", "flip")


def test_a_free_word_is_taken_and_may_be_taken_again_by_the_same_definition(unchanged):
    for _ in range(2):
        assert action("toy", "plaything")(Toy) is Toy
    assert (CATALOGUE["toy"], ALIASES["plaything"], Toy.word) == (Toy, "toy", "toy")


def test_an_operation_that_takes_a_word_is_refused(unchanged):
    with pytest.raises(ValueError, match=r"the word 'crop' is pipelines\.image\.CropPixels's; a word names one op"):

        class Other(PixelOp):
            word: ClassVar[str] = "crop"

            def apply(self, pixels: Pixels) -> Pixels:
                return pixels

    assert PixelOp.registry["crop"] is CropPixels


def test_an_operation_needs_a_word_of_its_own(unchanged):
    with pytest.raises(TypeError, match="Nameless has no word; recipes name it by one: add word: ClassVar"):

        class Nameless(PixelOp):
            def apply(self, pixels: Pixels) -> Pixels:
                return pixels

    with pytest.raises(ValueError, match=r"the word 'crop' is pipelines\.image\.CropPixels's"):

        class Heir(CropPixels):
            pass


def test_slots_make_a_second_class_of_the_same_definition(unchanged):
    @dataclass(frozen=True, slots=True)
    class Slotted(PixelOp):
        word: ClassVar[str] = "slotted"

        def apply(self, pixels: Pixels) -> Pixels:
            return pixels

    assert PixelOp.registry["slotted"] is Slotted
