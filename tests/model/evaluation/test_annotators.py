"""Every annotator: named, repeatable, independent of what came before."""

import numpy as np
import pytest

from model.evaluation.annotators import ANNOTATORS, chance_of
from pipelines.clicks import Click, next_click, random_click


def disc(size: int = 40, radius: int = 14) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    return ((x - size // 2) ** 2 + (y - size // 2) ** 2 <= radius**2).astype(np.int8)


NOTHING = np.zeros((40, 40), bool)


def clicks_of(name: str, number: int = 0, draw: int = 0, count: int = 5) -> list[Click]:
    annotator = ANNOTATORS[name].of(number, draw)
    clicks: list[Click] = []
    for _ in range(count):
        clicks.append(annotator(disc(), NOTHING, clicks))
    return clicks


@pytest.mark.parametrize("name", list(ANNOTATORS))
def test_an_annotator_does_the_same_again_and_something_else_elsewhere(name: str) -> None:
    kind = ANNOTATORS[name]
    assert kind.name == name
    assert kind.meaning
    assert clicks_of(name, 3, 1) == clicks_of(name, 3, 1)
    differs = clicks_of(name, 3, 0) != clicks_of(name, 3, 1) or clicks_of(name, 3) != clicks_of(name, 4)
    assert differs == kind.has_chance
    assert kind.draws == 1 or kind.has_chance


@pytest.mark.parametrize("name", list(ANNOTATORS))
def test_a_first_click_lies_on_the_object(name: str) -> None:
    for number in range(30):
        (click,) = clicks_of(name, number, count=1)
        assert click.positive
        assert disc()[click.y, click.x] == 1


def test_people_leave_the_middle_where_others_stay_in_it() -> None:
    farthest = {
        name: max(
            np.hypot(click.x - 20, click.y - 20) for number in range(60) for click in clicks_of(name, number, 0, 1)
        )
        for name in ("centre", "random", "people")
    }
    # The object's radius is 14; deeper than half of the deepest is within 7 or so.
    assert farthest["centre"] == 0
    assert 5 < farthest["random"] < 8 < 10 < farthest["people"]


def test_the_centre_is_that_of_the_protocol_and_the_first_random_draw_is_the_old_one() -> None:
    assert clicks_of("centre", count=1) == [next_click(disc(), NOTHING)]
    old = np.random.Generator(np.random.Philox(key=7))
    assert clicks_of("random", 7, 0, 1) == [random_click(disc(), NOTHING, old)]
    assert chance_of("random", 7, 0).random() != chance_of("random", 7, 1).random()
