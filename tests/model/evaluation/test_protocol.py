"""The protocol's loop and scores; replays of reference traces where they lie beside the checkout."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from model.evaluation.baselines import EllipseSession
from model.evaluation.protocol import (
    ClickStep,
    Run,
    clicks_to_reach,
    count_overlap,
    never,
    reached,
    reaches,
    run_clicks,
    summarise,
)
from pipelines.clicks import Click
from tests.model.noc_golden import Group, replay
from tests.support import shared


def disc(size: int = 60, radius: int = 20) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    return ((x - size // 2) ** 2 + (y - size // 2) ** 2 <= radius**2).astype(np.int8)


@dataclass(frozen=True)
class Stubborn:
    """Always the same answer."""

    probability: np.ndarray

    def click(self, x: int, y: int, positive: bool) -> "Stubborn":
        return self


def steps_of(*ious: float) -> Run:
    """A run with these IoUs in thousandths; every click is obeyed."""
    return Run(tuple(ClickStep(Click(0, 0, True), round(1000 * i), 1000, n, True) for n, i in enumerate(ious, 1)))


def test_the_count_is_the_first_click_that_reaches_the_target() -> None:
    ious = [0.5, 0.9, 0.2, 0.95]
    assert clicks_to_reach(ious, 0.9) == 2
    assert clicks_to_reach(ious, 0.93) == 4
    assert clicks_to_reach(ious, 0.99) == 20
    assert clicks_to_reach(ious, 0.99, max_clicks=7) == 7


def test_iou_and_target_are_compared_in_32_bit() -> None:
    assert reaches(0.85 - 1e-12, 0.85)
    assert not reaches(0.85 - 1e-6, 0.85)
    assert not reaches(float("nan"), 0.0)


def test_void_pixels_are_in_neither_count() -> None:
    truth = np.array([[1, 1, 0, -1]], np.int8)
    assert count_overlap(truth, np.array([[True, False, True, True]])) == (1, 3)


def test_the_annotator_clicks_until_the_mask_is_right() -> None:
    truth = disc()
    run = run_clicks(Stubborn(truth.astype(np.float32)), truth)
    assert len(run.steps) == 1
    assert run.steps[0].iou == 1.0
    assert run.ious(5).tolist() == [1.0] * 5
    assert len(run_clicks(Stubborn(truth.astype(np.float32)), truth, stop=never, max_clicks=6).steps) == 6


def test_a_run_may_stop_at_a_target_after_some_clicks() -> None:
    truth = disc()
    almost = truth.astype(np.float32)
    almost[30, 30] = 0
    assert len(run_clicks(Stubborn(almost), truth, stop=reached(0.9)).steps) == 1
    assert len(run_clicks(Stubborn(almost), truth, stop=reached(0.9, min_clicks=4)).steps) == 4
    assert len(run_clicks(Stubborn(almost), truth, stop=reached(0.9999), max_clicks=8).steps) == 8


def test_a_stopped_run_has_the_same_noc_as_the_whole_one() -> None:
    truth = disc()
    whole = run_clicks(EllipseSession(truth.shape), truth)
    stopped = run_clicks(EllipseSession(truth.shape), truth, stop=reached(0.9))
    assert clicks_to_reach(whole.ious(), 0.9) == clicks_to_reach(stopped.ious(), 0.9)
    assert whole.steps[: len(stopped.steps)] == stopped.steps


def test_starting_from_a_mask_the_first_click_corrects_it() -> None:
    truth = disc()
    start = truth.astype(np.float32)
    start[:, 30:] = 0
    assert run_clicks(Stubborn(start), truth, max_clicks=1).steps[0].click.x > 30


def test_disobedience_is_counted_and_the_guarantee_ends_it() -> None:
    truth = disc()
    nothing = Stubborn(np.zeros(truth.shape, np.float32))
    raw = summarise([run_clicks(nothing, truth)])
    assert (raw.obedience, raw.newest_obeyed) == (0.0, 0.0)
    guaranteed = summarise([run_clicks(nothing, truth, guarantee=True)])
    assert (guaranteed.obedience, guaranteed.newest_obeyed) == (1.0, 1.0)
    assert guaranteed.obedience_at == (1.0,) * 20
    assert guaranteed.mean_iou[19] > raw.mean_iou[19] == 0.0


def test_scores_of_several_objects() -> None:
    late = [0.5] * 19 + [0.95]
    summary = summarise([steps_of(0.5, 0.86, 0.82, 0.91), steps_of(*late), steps_of(*[0.5] * 20)])
    assert summary.noc == {0.80: pytest.approx(42 / 3), 0.85: pytest.approx(42 / 3), 0.90: pytest.approx(44 / 3)}
    # Reached exactly at the last click: at the limit, yet not a failure.
    assert summary.at_limit == {0.80: 2, 0.85: 2, 0.90: 2}
    assert summary.never_reached == {0.80: 1, 0.85: 1, 0.90: 1}
    assert summary.mean_iou[0] == 0.5
    # The first object's last IoU stays after its last click.
    assert summary.mean_iou[10] == pytest.approx((0.91 + 0.5 + 0.5) / 3)
    assert summary.clicks_made == 44
    assert summary.regressions == pytest.approx(1 / 41)
    assert len(summary.obedience_at) == 20


def test_obedience_after_a_number_of_clicks_is_unknown_when_nobody_made_them() -> None:
    summary = summarise([steps_of(0.99, 0.995)])
    assert summary.obedience_at[:2] == (1.0, 1.0)
    assert math.isnan(summary.obedience_at[2])


@dataclass(frozen=True)
class Scripted:
    """One given answer after the other."""

    answers: tuple[np.ndarray, ...]

    @property
    def probability(self) -> np.ndarray:
        return self.answers[0]

    def click(self, x: int, y: int, positive: bool) -> "Scripted":
        return Scripted(self.answers[1:])


def far_twin(truth: np.ndarray, before: np.ndarray, after: np.ndarray, click: Click) -> tuple[int, int]:
    """(changed, far) pixel by pixel."""
    radius = math.sqrt((truth == 1).sum() / math.pi)
    changed = far = 0
    for y, x in np.ndindex(truth.shape):
        if before[y, x] != after[y, x] and truth[y, x] != -1:
            changed += 1
            far += math.hypot(x - click.x, y - click.y) > radius
    return changed, far


def test_changes_far_from_a_click_are_those_of_the_slow_twin() -> None:
    generator = np.random.default_rng(0)
    truth = disc(30, 8)
    truth[0] = -1
    answers = tuple(generator.random((30, 30)).astype(np.float32) for _ in range(4))
    run = run_clicks(Scripted((np.zeros((30, 30), np.float32), *answers)), truth, max_clicks=4)
    masks = [np.zeros((30, 30), bool), *(answer > 0.49 for answer in answers)]
    expected = [far_twin(truth, masks[place], masks[place + 1], step.click) for place, step in enumerate(run.steps)]
    assert [(step.changed, step.far) for step in run.steps] == expected
    # The first click makes the mask; only the others correct it.
    changed, far = (sum(values) for values in zip(*expected[1:], strict=True))
    assert run.far_share() == pytest.approx(far / changed)
    assert summarise([run]).far_changes == pytest.approx(far / changed)


def test_without_a_correction_there_is_no_share_of_far_changes() -> None:
    run = run_clicks(Stubborn(np.zeros((60, 60), np.float32)), disc(), max_clicks=1)
    assert math.isnan(run.far_share())
    assert summarise([run]).far_changes == 0


def test_a_mask_to_correct_counts_for_nothing_and_the_answer_to_a_box_does() -> None:
    truth = disc()
    almost = truth.astype(np.float32)
    almost[30, 30] = 0
    worse = almost.copy()
    worse[:, :20] = 0
    corrected, answered = (
        run_clicks(Scripted((almost, worse, almost)), truth, max_clicks=2, start_counts=counts)
        for counts in (False, True)
    )
    assert corrected.start_iou == answered.start_iou == pytest.approx(1 - 1 / (truth == 1).sum())
    assert (corrected.clicks_to_reach(0.9), answered.clicks_to_reach(0.9)) == (2, 0)
    assert summarise([answered]).never_reached[0.9] == 0
    # The first click made the mask worse, which is seen because there was one.
    assert summarise([corrected]).regressions == 0.5
    assert len(corrected.corrections()) == 2


def test_a_perfect_answer_to_a_box_needs_no_click() -> None:
    truth = disc()
    run = run_clicks(Stubborn(truth.astype(np.float32)), truth, start_counts=True)
    assert run.steps == ()
    assert run.ious(3).tolist() == [1, 1, 1]
    summary = summarise([run])
    assert summary.noc[0.9] == 0
    assert (summary.start_iou, summary.obedience, summary.clicks_made) == (1, 1, 0)


def test_an_empty_answer_to_a_box_has_an_iou_of_nothing() -> None:
    run = run_clicks(Stubborn(np.zeros((60, 60), np.float32)), disc(), max_clicks=1, start_counts=True)
    assert run.start_iou == 0
    assert run.clicks_to_reach(0.8) == 20


def test_no_runs_have_no_scores() -> None:
    with pytest.raises(ValueError, match="no run to summarise"):
        summarise([])


def differences(traces: str, limit: int | None = None) -> list[str]:
    return differing(replay(shared(f"golden/noc/{traces}"), shared("data/voc2007-44"), limit))


def differing(groups: list[Group]) -> list[str]:
    assert sum(group.compared for group in groups) > 30
    return [str(group) for group in groups if group.differences]


def test_hand_made_cases_are_those_of_the_published_code(small_golden: Path) -> None:
    assert differing(replay(small_golden / "noc" / "cases.json")) == []


def test_clicks_on_some_real_objects_are_those_of_the_published_code() -> None:
    assert differences("voc44.json.gz", limit=2) == []


def test_zooming_and_flipping_are_those_of_the_published_code() -> None:
    assert differences("zoom.npz", limit=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("traces", ["voc44.json.gz", "zoom.npz"])
def test_all_traces_are_those_of_the_published_code(traces: str) -> None:
    assert differences(traces) == []
