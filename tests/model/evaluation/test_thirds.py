"""Thirds of size: fixed for known sets, the objects' own for others."""

import pytest

from model.evaluation.data import open_evaluation
from model.evaluation.thirds import FIXED_BOUNDS, THIRDS, Bounds, bounds_of, own_bounds
from tests.support import shared


def test_other_sets_are_divided_by_their_own_objects() -> None:
    shares = [0.01 * number for number in range(1, 10)]
    bounds = bounds_of("voc:data/mine", 5, shares)
    assert not bounds.fixed
    assert [bounds.third_of(share) for share in shares] == [third for third in THIRDS for _ in range(3)]


def test_known_sets_keep_their_bounds_whatever_is_evaluated() -> None:
    for name, images in FIXED_BOUNDS:
        for location in (f"voc:some/where/{name}", f"{name}/", name, f"coco:{name}"):
            bounds = bounds_of(location, images, [0.5])
            assert bounds == Bounds(*FIXED_BOUNDS[name, images], fixed=True)
        assert not bounds_of(name, images + 1, [0.5]).fixed


def test_an_object_on_a_bound_belongs_to_the_larger_third() -> None:
    bounds = Bounds(0.1, 0.2, fixed=True)
    assert [bounds.third_of(share) for share in (0.09, 0.1, 0.2)] == list(THIRDS)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "objects"), [("voc2007-44", "voc", 115), ("carparts-test", "coco", 811)])
def test_the_fixed_bounds_are_those_of_the_sets(name: str, kind: str, objects: int) -> None:
    images = open_evaluation(f"{kind}:{shared(f'data/{name}')}")
    shares = [float((truth == 1).mean()) for image in images for _, truth in image.objects]
    assert len(shares) == objects
    assert FIXED_BOUNDS[name, len(images)] == tuple(round(bound, 6) for bound in own_bounds(shares))
