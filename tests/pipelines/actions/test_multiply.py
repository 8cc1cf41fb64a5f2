"""`multiply`: equal copies under different keys."""

import pytest
from pydantic import ValidationError

from pipelines.actions.multiply import Multiply
from tests.support import assert_same, chain, run, tiny_sample

PART = {"min_percent": 20, "max_percent": 80}


def test_copies_are_equal():
    found = list(Multiply.from_settings({"multiply": 3}).apply(tiny_sample(), None))
    assert_same(found, [tiny_sample()] * 3)


def test_copies_have_keys_of_their_own_so_random_layers_treat_them_differently():
    graph = chain(("multiply", {"multiply": 20}), ("crop", {"random_part": {"height": PART, "width": PART}}))
    found = run(graph, [tiny_sample()]).samples
    assert len({sample.key for sample in found}) == 20
    assert len({sample.image.ops for sample in found}) > 15


def test_more_copies_leave_the_first_ones_alone():
    def crops(number: int) -> list:
        return run(
            chain(("multiply", {"multiply": number}), ("crop", {"random_part": {"height": PART, "width": PART}})),
            [tiny_sample()],
        ).samples

    assert_same(crops(5)[:2], crops(2))


@pytest.mark.parametrize("number", [0, -1, 1.5, "2", None])
def test_numbers_below_one_or_of_another_kind_are_refused(number):
    with pytest.raises(ValidationError, match="multiply"):
        Multiply.from_settings({"multiply": number})
