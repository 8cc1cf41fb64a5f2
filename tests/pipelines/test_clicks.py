"""Points on masks: hints are uniform and fast, simulated clicks follow the protocol exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clicks import (
    VOID,
    Click,
    Mask,
    Truth,
    click_array,
    next_click,
    random_click,
    random_points,
    scattered_click,
    uniform_hints,
)
from pipelines.clicks import _distinct_ranks as distinct_ranks


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def picture(*rows: str) -> Truth:
    """A truth drawn with `1` object, `0` background and `.` void."""
    return np.array([[{"1": 1, "0": 0, ".": VOID}[letter] for letter in row] for row in rows], np.int8)


def random_mask(height: int, width: int, share: float, seed: int) -> Mask:
    return np.random.default_rng(seed).random((height, width)) < share


# ---------------------------------------------------------------- hints


def obvious_points(mask: Mask, count: int, generator: np.random.Generator, inside: bool) -> np.ndarray:
    """The slow twin: the same ranks, looked up in the list of all pixels."""
    pixels = np.flatnonzero(mask if inside else ~mask)
    ranks = distinct_ranks(pixels.size, min(count, pixels.size), generator)
    y, x = np.divmod(pixels[ranks], mask.shape[1])
    return np.stack([x, y], axis=1)


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    share=st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]),
    count=st.integers(0, 30),
    inside=st.booleans(),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=200, deadline=None)
def test_points_are_those_of_the_slow_twin(
    height: int, width: int, share: float, count: int, inside: bool, seed: int
) -> None:
    mask = random_mask(height, width, share, seed)
    np.testing.assert_array_equal(
        random_points(mask, count, rng(seed), inside=inside), obvious_points(mask, count, rng(seed), inside)
    )


@pytest.mark.parametrize("width", [7, 8, 64, 2040, 2048])
def test_row_counts_hold_at_every_width_and_for_views(width: int) -> None:
    full = np.ones((3, width), bool)
    assert len(random_points(full, 10_000, rng())) == 3 * width
    view = np.ones((3, 2 * width), bool)[:, ::2]
    assert len(random_points(view, 10_000, rng())) == 3 * width
    assert len(random_points(view, 10_000, rng(), inside=False)) == 0


def test_hints_lie_on_their_side_and_are_distinct() -> None:
    mask = np.zeros((40, 50), bool)
    mask[5:15, 5:15] = True
    for seed in range(200):
        positive, negative = uniform_hints(mask, 1, rng(seed))
        assert mask[positive[:, 1], positive[:, 0]].all()
        assert not mask[negative[:, 1], negative[:, 0]].any()
        assert len(positive) >= 1
        assert len(negative) >= 1
        assert len({tuple(point) for point in positive}) == len(positive)


def test_hint_counts_follow_the_exponential() -> None:
    mask = random_mask(64, 64, 0.5, 1)
    generator = rng(7)
    counts = np.array([[len(side) for side in uniform_hints(mask, 1, generator)] for _ in range(4000)])
    # P(k extra points) = exp(-k/2) (1 - exp(-1/2)), mean 1.54; both sides are independent of each other.
    for side in counts.T:
        assert abs(side.mean() - 2.5415) < 0.1
        assert abs((side == 1).mean() - 0.3935) < 0.03
        assert abs((side == 2).mean() - 0.2387) < 0.03
    assert abs(np.corrcoef(counts.T)[0, 1]) < 0.06


def test_every_pixel_is_equally_likely() -> None:
    mask = np.zeros((4, 8), bool)
    mask[1, 2:6] = True
    mask[3, 0] = True
    generator = rng(3)
    seen = np.zeros(mask.shape, int)
    first = np.zeros(mask.shape, int)
    for _ in range(3000):
        points = random_points(mask, 2, generator)
        seen[points[:, 1], points[:, 0]] += 1
        first[points[0, 1], points[0, 0]] += 1
    assert not seen[~mask].any()
    assert np.abs(seen[mask] / 6000 - 0.2).max() < 0.03
    assert np.abs(first[mask] / 3000 - 0.2).max() < 0.03


def test_hints_are_capped_by_the_pixels_there_are() -> None:
    one = np.zeros((3, 3), bool)
    one[1, 2] = True
    positive, negative = uniform_hints(one, 50, rng())
    assert positive.tolist() == [[2, 1]]
    assert len(negative) == 8
    positive, negative = uniform_hints(np.ones((2, 2), bool), 1, rng())
    assert len(negative) == 0
    positive, negative = uniform_hints(np.zeros((2, 2), bool), 1, rng())
    assert positive.shape == (0, 2)


def test_the_same_generator_gives_the_same_hints() -> None:
    mask = random_mask(64, 64, 0.3, 5)
    once, again, other = (uniform_hints(mask, 3, rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once[0], again[0])
    np.testing.assert_array_equal(once[1], again[1])
    assert [side.tolist() for side in once] != [side.tolist() for side in other]


# ---------------------------------------------------------------- the annotator of the protocol


def obvious_next_click(truth: Truth, prediction: Mask, clicked: list[Click]) -> Click:
    """The slow twin: squared distances to every pixel outside of the set, in integers."""

    def depths(error: Mask) -> np.ndarray:
        framed = np.pad(error, 1)
        outside = np.argwhere(~framed)
        depth = np.zeros(error.shape, int)
        for y, x in np.argwhere(error):
            depth[y, x] = ((outside - (y + 1, x + 1)) ** 2).sum(axis=1).min()
        for click in clicked:
            depth[click.y, click.x] = 0
        return depth

    missed = depths((truth == 1) & ~prediction & (truth != VOID))
    false = depths((truth != 1) & prediction & (truth != VOID))
    positive = bool(missed.max() > false.max())
    y, x = divmod(int((missed if positive else false).argmax()), truth.shape[1])
    return Click(x, y, positive)


@given(height=st.integers(1, 14), width=st.integers(1, 14), seed=st.integers(0, 2**32), clicks=st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_next_click_is_that_of_the_slow_twin(height: int, width: int, seed: int, clicks: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.choice(np.array([-1, 0, 1, 1], np.int8), (height, width))
    prediction = generator.random((height, width)) < 0.3
    clicked: list[Click] = []
    for _ in range(clicks):
        clicked.append(next_click(truth, prediction, clicked))
        assert clicked[-1] == obvious_next_click(truth, prediction, clicked[:-1])


def test_the_first_click_is_the_centre_of_the_object() -> None:
    truth = picture("000000", "011100", "011100", "011100", "000000")
    assert next_click(truth, np.zeros(truth.shape, bool)) == Click(2, 2, True)


def test_equal_errors_give_a_negative_click() -> None:
    truth = picture("1100")
    assert next_click(truth, np.array([[False, True, True, False]])) == Click(2, 0, False)


def test_the_image_border_and_void_end_a_disc() -> None:
    assert next_click(picture("11111"), np.zeros((1, 5), bool)) == Click(0, 0, True)
    truth = picture("1111111", "11.1111", "1111111")
    assert next_click(truth, np.zeros(truth.shape, bool)) == Click(4, 1, True)


def test_without_errors_the_click_is_negative_at_the_corner() -> None:
    truth = picture("110", "110")
    assert next_click(truth, truth == 1) == Click(0, 0, False)


def test_the_random_annotator_stays_deep_in_the_chosen_error() -> None:
    truth = np.zeros((60, 60), np.int8)
    truth[10:50, 10:50] = 1
    generator = rng(1)
    clicks = {random_click(truth, np.zeros((60, 60), bool), generator) for _ in range(100)}
    assert len(clicks) > 50
    for click in clicks:
        assert click.positive
        # The deepest pixel is 20 deep, so every click is at least 11 pixels from the border.
        assert 20 <= click.x < 40
        assert 20 <= click.y < 40
    assert random_click(truth, truth == 1, generator) == Click(0, 0, False)


def test_people_click_anywhere_in_the_deeper_error_as_often_as_it_is_deep() -> None:
    truth = picture("0000000", "0111110", "0111110", "0111110", "0000000")
    prediction = np.zeros(truth.shape, bool)
    prediction[0, 0] = True  # a shallower error of the other kind, which is left alone
    depth = np.array([[0, 1, 1, 1, 1, 1, 0], [0, 1, 2, 2, 2, 1, 0], [0, 1, 1, 1, 1, 1, 0]])
    generator = rng(4)
    seen = np.zeros(truth.shape)
    for _ in range(6000):
        click = scattered_click(truth, prediction, generator)
        assert click.positive
        seen[click.y, click.x] += 1
    np.testing.assert_allclose(seen[1:4] / 6000, depth / depth.sum(), atol=0.02)
    assert seen[[0, 4]].sum() == 0


def test_people_click_no_pixel_twice_and_the_corner_without_errors() -> None:
    truth = picture("0110")
    nothing = np.zeros((1, 4), bool)
    assert {scattered_click(truth, nothing, rng(seed), [Click(1, 0, True)]) for seed in range(20)} == {
        Click(2, 0, True)
    }
    assert scattered_click(truth, truth == 1, rng()) == Click(0, 0, False)


def test_clicks_become_rows_of_x_y_label() -> None:
    assert click_array([Click(3, 4, True), Click(5, 6, False)]).tolist() == [[3, 4, 1], [5, 6, 0]]
    assert click_array([]).shape == (0, 3)
