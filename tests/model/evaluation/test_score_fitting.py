"""Scores of answers: what a summary holds, how a head is fitted, how scores choose among first looks, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.__main__ import main
from model.evaluation.score_fitting import Evidence, RecordingBackend, calibration_error, collect, fit, quality
from model.inference.backend import Answers, load_backend
from model.inference.predictor import Predictor
from model.inference.zoom import ZoomIn, box_of, well_inside
from model.networks import build
from model.networks.score import INPUTS, ScoreHead, borders, weighted_mean
from model.training.clock import Clock
from model.training.module import ClickModule
from model.training.starting_weights import initial_network
from model.weights.checkpoints import CARD_KEY, load_network
from pipelines.clicks import Click
from pipelines.formats.shards import open_dataset
from pipelines.image import Rect
from tests.model.datasets import scene, write_dataset
from tests.model.toy_networks import write_checkpoint
from tests.model.training.test_train import config, options


def photographs(folder: Path, count: int = 6) -> str:
    return str(write_dataset(folder, [scene(number, 90, ["train"]) for number in range(count)]))


# ---------------------------------------------------------------------------------------------------------------- head


def test_weighted_means_and_borders_are_what_they_say():
    values, weights = torch.rand(2, 1, 4, 5), torch.rand(2, 1, 4, 5)
    slow = (values * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3))
    torch.testing.assert_close(weighted_mean(values, weights), slow, rtol=1e-3, atol=1e-3)
    assert not weighted_mean(values, torch.zeros_like(weights)).any()
    seen = torch.zeros(1, 1, 6, 8)
    seen[..., :4, :5] = 1
    left, right, top, bottom = (side[0, 0] for side in borders(seen))
    assert left.nonzero()[:, 1].unique().tolist() == [0]
    assert right.nonzero()[:, 1].unique().tolist() == [4]
    assert top.nonzero()[:, 0].unique().tolist() == [0]
    assert bottom.nonzero()[:, 0].unique().tolist() == [3]


@pytest.mark.parametrize("name", ["nano", "lite", "unet_tiny", "hrnet18s_tiny"])
def test_every_network_can_have_a_head_and_answers_as_without_it(name: str):
    torch.manual_seed(0)
    network = build(name).eval()
    image, maps = torch.rand(2, 3, 70, 90), torch.rand(2, 3, 70, 90)
    with torch.no_grad():
        before, no_scores = network.scored(image, maps)
        network.add_score_head()
        after, scores = network.scored(image, maps)
    assert no_scores is None
    assert torch.equal(before, after)
    assert torch.equal(before, network(image, maps))
    assert scores is not None
    assert scores.shape == (2,)
    assert ((scores > 0) & (scores < 1)).all()


def test_what_fills_a_view_up_changes_no_score():
    """The exported network pads by itself, and says which pixels it has made up."""
    torch.manual_seed(0)
    network = build("nano").eval()
    network.add_score_head()
    image, maps = torch.rand(1, 3, 64, 70), torch.rand(1, 3, 64, 70)
    seen = torch.nn.functional.pad(torch.ones(1, 1, 64, 70), (0, 26))
    filled = torch.nn.functional.pad(image, (0, 26, 0, 0), mode="replicate"), torch.nn.functional.pad(maps, (0, 26))
    with torch.no_grad():
        _, expected = network.scored(image, maps)
        _, found = network.scored(*filled, seen)
    torch.testing.assert_close(found, expected)


def test_a_head_learns_what_can_be_learnt():
    rng = np.random.default_rng(0)
    head = ScoreHead()
    rows = rng.normal(size=(3000, INPUTS)).astype(np.float32)
    truth = 1 / (1 + np.exp(-1.5 * rows[:, 0].astype(float)))
    evidence = Evidence(list(rows), truth.tolist(), [0] * 3000, [number // 3 for number in range(3000)])
    torch.manual_seed(0)
    before = quality(head, evidence)
    fit(head, evidence)
    after = quality(head, evidence)
    assert after.calibration_error < 0.05
    assert after.correlation > 0.9 > before.correlation
    assert before.whole < after.chosen <= after.best
    assert after.best - after.chosen < 0.03
    assert not any(parameter.requires_grad for parameter in head.parameters())


def test_calibration_is_the_distance_of_what_was_said_from_what_was_so():
    scores, ious = torch.tensor([0.05, 0.95, 0.95]), torch.tensor([0.05, 1.0, 0.7])
    assert calibration_error(scores, ious) == pytest.approx((0 + 2 * abs(0.95 - 0.85)) / 3)
    assert calibration_error(ious, ious) == pytest.approx(0)


def test_sessions_leave_a_row_for_each_answer(tmp_path: Path):
    network, card = load_network(write_checkpoint(tmp_path / "nano.ckpt"))
    dataset = open_dataset(photographs(tmp_path / "ds"))
    from model.settings.classes import SpecialClasses

    found = collect(network, card.click_radius, 64, [dataset], SpecialClasses(), objects_a_pool=5, seed=1)
    again = collect(network, card.click_radius, 64, [dataset], SpecialClasses(), objects_a_pool=5, seed=1)
    summaries, ious = found.table()
    assert len(summaries) == len(ious) == len(found.first) == len(found.pools)
    assert summaries.shape[1] == INPUTS
    assert ((ious >= 0) & (ious <= 1)).all()
    assert {number for number in found.first if number >= 0} == set(range(5))
    assert min(found.first.count(number) for number in range(5)) >= 1
    assert torch.equal(ious, again.table()[1]), "the same seed plays the same sessions"


# ------------------------------------------------------------------------------------------------------- first looks


class Judge:
    """Every bright pixel is the object; the score is highest where a given share of the view is bright."""

    scores = True
    device = torch.device("cpu")

    def __init__(self, share: float) -> None:
        self.share = share
        self.seen: list[tuple[int, ...]] = []

    def answers(self, image: torch.Tensor, previous: torch.Tensor, points: torch.Tensor) -> Answers:
        self.seen.append(tuple(image.shape))
        logits = 40 * (image.mean(1, keepdim=True) - 0.5)
        return Answers(logits, 1 - ((logits > 0).float().mean((1, 2, 3)) - self.share).abs())


def bright_square(size: tuple[int, int] = (1500, 2000), at: tuple[int, int] = (700, 900), side: int = 60) -> np.ndarray:
    image = np.full((*size, 3), 10, np.uint8)
    image[at[0] : at[0] + side, at[1] : at[1] + side] = 240
    return image


def test_the_answer_with_the_best_score_counts_and_all_are_kept():
    judge = Judge(share=0.05)
    session = Predictor(judge, ZoomIn.for_people(384)).set_image(bright_square()).click(930, 730, True)
    assert judge.seen[0] == (3, 3, 192, 256), "three looks at once, at the first looks' size"
    assert len(session.candidates) == 3
    best = max(session.candidates, key=lambda candidate: candidate.score)
    assert best.view.look is not None
    areas = [float(candidate.probability.sum()) for candidate in session.candidates]
    assert areas == sorted(areas)
    assert session.score is not None
    assert session.mask[730, 930]
    assert session.click(100, 100, False).candidates == ()
    assert session.undo().candidates == ()
    with pytest.raises(ValueError, match="read-only"):
        session.candidates[0].probability[0, 0] = 1


def test_a_small_thing_in_a_large_picture_is_looked_at_closely():
    zoom = ZoomIn.for_people(384)
    regions = zoom.first_regions((3000, 4000), [Click(3990, 5, True)])
    assert regions[0] is None
    assert [(r.width, r.height) for r in regions[1:] if r] == [(1012, 759), (256, 192)]
    assert all(r.right == 4000 and r.top == 0 for r in regions[1:] if r), "moved to lie inside"
    few = zoom.first_regions((120, 100), [Click(50, 50, True)])
    assert few == [None], "a part would be nearly all of it"
    wide = zoom.first_regions((400, 400), [Click(10, 200, True), Click(390, 200, True)])
    assert wide == [None], "no part holds both clicks"
    assert zoom.first_regions((400, 400), [Click(10, 200, False)]) == [None]
    both = zoom.first_regions((400, 400), [Click(100, 200, True), Click(160, 220, True)])
    assert all(well_inside(r, Click(100, 200, True)) and well_inside(r, Click(160, 220, True)) for r in both if r)


def test_without_scores_the_first_look_is_the_whole_image():
    judge = Judge(0.05)
    judge.scores = False
    session = Predictor(judge, ZoomIn.for_people(384)).set_image(bright_square()).click(930, 730, True)
    assert judge.seen[0][0] == 1
    assert session.candidates == ()


def test_scores_choose_with_flips_too():
    judge = Judge(share=0.05)
    session = Predictor(judge, ZoomIn.for_people(384), flip=True).set_image(bright_square()).click(930, 730, True)
    assert judge.seen[0][0] == 6
    assert len(session.candidates) == 3


# --------------------------------------------------------------------------------------------------- files and command


@pytest.fixture(scope="module")
def with_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score")
    data = photographs(folder / "ds")
    weights = write_checkpoint(folder / "nano.ckpt")
    arguments = ["--data", data, "--unseen", data, "--objects", "4", "--output", str(folder / "scored.ckpt")]
    assert main(["score", str(weights), *arguments]) == 0
    return folder / "scored.ckpt"


def test_the_command_writes_weights_with_a_head(with_head: Path, tmp_path: Path):
    network, card = load_network(with_head)
    plain, _ = load_network(with_head.parent / "nano.ckpt")
    assert network.score_head is not None
    assert plain.score_head is None
    assert card.look_size == 64
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in plain.state_dict().items())


def test_the_exported_file_has_one_output_more(with_head: Path, tmp_path: Path):
    file = tmp_path / "scored.onnx"
    assert main(["export", "--weights", str(with_head), "--output", str(file)]) == 0
    backend, _ = load_backend(file)
    assert backend.scores
    image, previous = torch.rand(2, 3, 50, 70), torch.zeros(2, 1, 50, 70)
    points = torch.tensor([[[10.0, 20.0, 1.0]], [[30.0, 40.0, 1.0]]])
    colours = (image * 255).round() / 255
    expected = load_backend(with_head)[0].answers(colours, previous, points)
    found = backend.answers(colours, previous, points)
    assert found.scores is not None
    assert expected.scores is not None
    assert (found.logits.sigmoid() - expected.logits.sigmoid()).abs().max() < 1e-4
    assert (found.scores - expected.scores).abs().max() < 1e-4
    plain = tmp_path / "plain.onnx"
    assert main(["export", "--weights", str(with_head.parent / "nano.ckpt"), "--output", str(plain)]) == 0
    assert not load_backend(plain)[0].scores


def test_a_training_that_goes_on_keeps_the_head_as_it_is_and_says_so(
    with_head: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    stored = torch.load(with_head, weights_only=True)
    stored[CARD_KEY]["config"] = {"special_classes": {"foreground": "obj"}}
    torch.save(stored, tmp_path / "known.ckpt")
    settings = config(weights_init_type="continue_training", network="nano")
    network, _ = initial_network(settings, options("nowhere", tmp_path, weights=str(tmp_path / "known.ckpt")))
    stored_head = load_network(with_head)[0].score_head
    assert network.score_head is not None
    assert stored_head is not None
    assert torch.equal(network.score_head.out.weight, stored_head.out.weight)
    assert "the head that scores answers stays as it is: `python -m model score` fits it" in capsys.readouterr().out
    clock = Clock.begun(settings, 4)
    module = ClickModule(network, settings, clock, "abc", load_network(with_head)[1])
    names = [name for group in module.configure_optimizers().param_groups for name in group["param_names"]]
    assert not any("score_head" in name for name in names)
    assert module.card().look_size is None, "another input size has another best one"
    same = settings.model_copy(
        update={"input_size": settings.input_size.model_copy(update={"width": 64, "height": 64})}
    )
    assert ClickModule(network, same, clock, "abc", load_network(with_head)[1]).card().look_size == 64
    other_head = same.model_copy(update={"weights_init_type": "transfer_learning"})
    transferred = ClickModule(network, other_head, clock, "abc", load_network(with_head)[1])
    assert not transferred.continued, "its average has a random head to forget"


def test_mistakes_are_told_all_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--data", "nowhere", "--objects", "0", "--look", "3", "--output", str(tmp_path / "x.onnx")]
    assert main(["score", "zoo:tiny", *arguments]) == 2
    said = capsys.readouterr().err
    for part in (
        "--objects 0: must be at least 1",
        "--look 3: must be at least 32",
        "x.onnx: the name must end in .ckpt",
    ):
        assert part in said
    dataset = photographs(tmp_path / "ds")
    (Path(dataset) / "meta.json").write_text(json.dumps({"classes": [], "tags": []}))
    assert main(["score", "zoo:tiny", "--data", dataset, "--output", str(tmp_path / "x.ckpt")]) == 2
    assert "no object of class 'obj' to click on" in capsys.readouterr().err


def test_a_recording_backend_hands_out_what_it_kept_once():
    network = build("nano").eval()
    backend = RecordingBackend(network, 3.0, np.random.default_rng(0))
    backend.answers(
        torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32), torch.tensor([[[5.0, 5.0, 1.0]]]).expand(2, 1, 3)
    )
    assert len(backend.taken()) == 2
    assert backend.taken() == []
    assert box_of(Rect(0, 0, 2, 2)) == (0, 0, 2, 2)
