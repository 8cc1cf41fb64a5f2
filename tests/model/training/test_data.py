"""Batches: which samples, in which order, as which tensors; and what is said of data that cannot be trained on."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.settings.classes import SpecialClasses
from model.training.augment import COLUMNS
from model.training.config import Clicks, TrainConfig, parse_config
from model.training.data import ShardData
from model.training.datasets import DataError
from model.training.first_clicks import DAMAGED_IOU, central_point, correcting_point, corrupted_mask, training_points
from model.training.samples import MOST_POINTS, BadSample, EpochBatches, Samples, Visit, decode_sample
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from pipelines.formats.shards import StoredSample
from pipelines.meta import ClassSpec, Meta
from tests.model.datasets import META_OF_TUTORIAL, Stored, scene, tiny_dataset, write_dataset

STILL = {"horizontal_flip": 0, "brightness": 0, "contrast": 0, "colour": 0, "grey": 0}
AS_STORED = {"single_positive": 0, "drop_negatives": 0, "corrupted_mask": 0}


def config(**changes: Any) -> TrainConfig:
    settings_ = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 1,
        "lr": 0.1,
    }
    return parse_config(json.dumps(settings_ | changes), "test.json")


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def stored(
    size: tuple[int, int] = (32, 32), figures: tuple[Figure, ...] = (), tags: tuple[str, ...] = ("train",)
) -> Stored:
    """A grey sample of this (height, width)."""
    return Stored(png(np.full((*size, 3), 90, np.uint8)), size, figures, tags)


OBJECT = Figure("obj", Bitmap(4, 4, np.ones((8, 8), bool)))


# ---------------------------------------------------------------------------------------------------------------- order


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_every_process_gets_equally_many_full_batches_and_together_they_cover_the_epoch(
    samples: int, batch_size: int, world: int, epoch: int
):
    steps = math.ceil(samples / (batch_size * world))
    of_rank = [
        list(EpochBatches(samples, batch_size, seed=1, rank=rank, world=world, position=lambda: epoch * steps))
        for rank in range(world)
    ]
    assert [len(batches) for batches in of_rank] == [steps] * world
    visits = [visit for batches in of_rank for batch in batches for visit in batch]
    assert {len(batch) for batches in of_rank for batch in batches} == {batch_size}
    assert {visit.epoch for visit in visits} == {epoch}
    counted = sorted(visit.number for visit in visits if visit.counted)
    assert counted == list(range(samples))


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_an_epoch_goes_on_from_any_step(samples: int, batch_size: int, step: int):
    steps = len(EpochBatches(samples, batch_size, seed=1))
    epoch, done = divmod(step, steps)
    whole = list(EpochBatches(samples, batch_size, seed=1, position=lambda: epoch * steps))
    assert list(EpochBatches(samples, batch_size, seed=1, position=lambda: step)) == whole[done:]


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_run_is_its_epochs_one_after_the_other(samples: int, batch_size: int, step: int, more: int):
    steps = len(EpochBatches(samples, batch_size, seed=1))
    expected: list[list[Visit]] = []
    while len(expected) < step + more:
        done = len(expected)
        expected += EpochBatches(samples, batch_size, seed=1, position=lambda done=done: done)
    found = EpochBatches(samples, batch_size, seed=1, position=lambda: step, total=step + more)
    assert list(found) == expected[step : step + more]
    assert len(found) == step + more
    assert len(expected) % steps == 0


def test_epochs_and_seeds_have_orders_of_their_own():
    batches = EpochBatches(50, 5, seed=1)
    orders = [tuple(batches.order(0)), tuple(batches.order(1)), tuple(EpochBatches(50, 5, seed=2).order(0))]
    assert len(set(orders)) == 3
    assert tuple(batches.order(1)) == orders[1]


def test_an_epoch_can_be_cut_short():
    batches = EpochBatches(50, 5, seed=1, limit=3, position=lambda: 4)
    assert len(batches) == 3
    assert [visit.epoch for batch in batches for visit in batch] == [1] * 10


# ------------------------------------------------------------------------------------------------------------- decoding


def test_a_sample_becomes_image_label_and_points():
    image = np.zeros((6, 8, 3), np.uint8)
    image[..., 0] = 200  # blue, as OpenCV writes it
    figures = (
        Figure("obj", Bitmap(1, 1, np.ones((4, 5), bool))),
        Figure("neutral", Bitmap(1, 1, np.ones((1, 5), bool))),
        Figure("bg", Rectangle(2, 3, 3, 4)),
        Figure("other", Rectangle(0, 0, 7, 5)),
        Figure("neg", Point(0, 5)),
        Figure("pos", Point(3, 2)),
    )
    meta = META_OF_TUTORIAL.with_class(ClassSpec("bg", "rectangle")).with_class(ClassSpec("other", "rectangle"))
    decoded, label, points = decode_sample(as_stored(figures, image), meta, SpecialClasses(), (8, 6))
    assert decoded[0, 0].tolist() == [0, 0, 200]
    assert label.tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, -1, -1, -1, -1, -1, 0, 0],
        [0, 1, 1, 1, 1, 1, 0, 0],
        [0, 1, 0, 0, 1, 1, 0, 0],
        [0, 1, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert points.tolist() == [[3, 2, POSITIVE], [0, 5, NEGATIVE]]


def as_stored(figures: tuple[Figure, ...], image: np.ndarray) -> StoredSample:
    from pipelines.formats.supervisely import annotation_json

    size = image.shape[0], image.shape[1]
    return StoredSample(png(image), json.dumps(annotation_json(size, figures)).encode())


def test_resizing_keeps_points_on_their_pixels():
    figures = (
        Figure("obj", Bitmap(2, 1, np.ones((2, 2), bool))),
        Figure("pos", Point(2, 1)),
        Figure("neg", Point(0, 0)),
    )
    _, label, points = decode_sample(
        as_stored(figures, np.zeros((4, 8, 3), np.uint8)), META_OF_TUTORIAL, SpecialClasses(), (32, 32)
    )
    assert label.dtype == np.int8
    assert np.argwhere(label == 1).min(axis=0).tolist() == [8, 8]
    assert np.argwhere(label == 1).max(axis=0).tolist() == [23, 15]
    # The centre of the pixel (2, 1) is (2.5, 1.5) from the corner: 4 times and 8 times that, less half a pixel again.
    assert points.tolist() == [[9.5, 11.5, POSITIVE], [1.5, 3.5, NEGATIVE]]


def test_a_batch_has_the_promised_tensors(tmp_path: Path):
    data = ShardData(config(), [str(tiny_dataset(tmp_path / "d", train=6, val=2))])
    attach(data)
    for dataloader, more in (
        (data.train_dataloader(), {"changes": ((4, COLUMNS), torch.float32)}),
        (data.val_dataloader(), {}),
    ):
        batch = next(iter(dataloader))
        assert {name: (tuple(part.shape), part.dtype) for name, part in batch.items()} == {
            "image": ((4, 3, 32, 32), torch.uint8),
            "label": ((4, 32, 32), torch.int8),
            "points": ((4, 2 * MOST_POINTS, 3), torch.float32),
            "start": ((4, 32, 32), torch.bool),
            "counted": ((4,), torch.bool),
            "failed": ((4,), torch.int64),
            **more,
        }
        assert set(batch["points"][..., 2].unique().tolist()) <= {POSITIVE, NEGATIVE, PADDING}
        assert batch["failed"].tolist() == [-1] * 4
    assert batch["counted"].tolist() == [True, True, False, False]


def attach(data: ShardData, step: int = 0, total: int = 2) -> None:
    """Put what a data module asks its trainer for in the place of a trainer."""
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    trainer = SimpleNamespace(
        global_rank=0, world_size=1, global_step=step, max_steps=total, training=True, strategy=strategy
    )
    data.trainer = trainer  # type: ignore[assignment]


def test_workers_change_nothing(tmp_path: Path):
    location = [str(tiny_dataset(tmp_path / "d", train=7, val=2))]
    epochs = []
    for workers in (0, 2):
        data = ShardData(config(data_workers={"train": workers, "val": 0}), location)
        attach(data)
        epochs.append(list(data.train_dataloader()))
    for one, other in zip(*epochs, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_workers_start_also_after_opencv_has_used_threads(tmp_path: Path):
    # Given a process in which OpenCV's pool of threads is awake: a worker that touches it would wait for ever
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 5)
    data = ShardData(config(data_workers={"train": 1, "val": 0}), [str(tiny_dataset(tmp_path / "d", train=5, val=2))])
    attach(data)
    dataloader = data.train_dataloader()
    dataloader.timeout = 60
    assert len(list(dataloader)) == 2


def test_a_visit_is_a_function_of_sample_and_epoch(tmp_path: Path):
    data = ShardData(config(), [str(tiny_dataset(tmp_path / "d", train=3, val=1))])
    first, again, later = (data.train_samples[Visit(1, epoch)] for epoch in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.equal(first["image"], later["image"])
    assert not torch.equal(first["changes"], later["changes"])


def test_validation_sees_samples_as_they_are_stored(tmp_path: Path):
    data = ShardData(config(), [str(tiny_dataset(tmp_path / "d", train=3, val=1))])
    image, label, points = data.val_samples.decode(0)
    item = data.val_samples[Visit(0, 0)]
    assert np.array_equal(item["image"].numpy(), image.transpose(2, 0, 1))
    assert np.array_equal(item["label"].numpy(), label)
    assert np.array_equal(item["points"][: len(points)].numpy(), points)
    assert not item["start"].any()


def test_several_datasets_are_one(tmp_path: Path):
    one, two = (str(tiny_dataset(tmp_path / name, train, val)) for name, train, val in (("a", 3, 1), ("b", 4, 2)))
    data = ShardData(config(), [one, two])
    assert (len(data.train_samples), len(data.val_samples)) == (7, 3)
    assert data.train_samples.name(3).endswith("b: ds/000000.png")
    assert data.digest not in (ShardData(config(), [one]).digest, ShardData(config(), [two, one]).digest)


# --------------------------------------------------------------------------------------------------------- first clicks


def hints(positive: int, negative: int) -> np.ndarray:
    rows = [(x, 0, POSITIVE) for x in range(positive)] + [(x, 5, NEGATIVE) for x in range(negative)]
    return np.array(rows, np.float32)


def test_hints_are_thinned_out_but_one_positive_stays():
    label = np.ones((8, 8), np.int8)
    clicks = Clicks(single_positive=0, drop_negatives=0.3)
    drawn = [training_points(hints(3, 2), label, clicks, np.random.default_rng(seed)) for seed in range(300)]
    counts = [tuple(int((points[:, 2] == kind).sum()) for kind in (POSITIVE, NEGATIVE)) for points in drawn]
    assert {positive for positive, _ in counts} == {1, 2, 3}
    assert {negative for _, negative in counts} == {0, 1, 2}
    # 0.3 dropped outright, and a third of the rest by chance
    assert np.mean([negative == 0 for _, negative in counts]) == pytest.approx(0.3 + 0.7 / 3, abs=0.08)
    assert all(len({tuple(row) for row in points.tolist()}) == len(points) for points in drawn)


def test_a_single_positive_click_is_central():
    label = np.zeros((20, 20), np.int8)
    label[4:15, 4:15] = 1
    clicks = Clicks(single_positive=1)
    for seed in range(30):
        points = training_points(hints(2, 2), label, clicks, np.random.default_rng(seed))
        (x, y, kind) = points[0]
        assert (len(points), kind) == (1, POSITIVE)
        assert max(abs(x - 9), abs(y - 9)) <= 2
    assert central_point(np.zeros((5, 5), np.int8), np.random.default_rng(0)) is None
    assert len(training_points(hints(2, 0), np.zeros((5, 5), np.int8), clicks, np.random.default_rng(0))) >= 1


def test_samples_without_hints_can_be_visited():
    nothing = np.zeros((0, 3), np.float32)
    label, clicks = np.ones((4, 4), np.int8), Clicks(single_positive=0)
    assert training_points(nothing, label, clicks, np.random.default_rng(0)).shape == (0, 3)


SHAPES = {
    "box": np.s_[10:50, 15:45],
    "bar": np.s_[28:33, 2:62],
    "nearly everything": np.s_[:, :62],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_corrupted_mask_is_like_the_true_one_but_wrong(shape: tuple[slice, slice]):
    label = np.zeros((64, 64), np.int8)
    label[shape] = 1
    ious = []
    for seed in range(50):
        mask = corrupted_mask(label, np.random.default_rng(seed))
        ious.append((mask & (label == 1)).sum() / (mask | (label == 1)).sum())
    low, high = DAMAGED_IOU
    assert min(ious) >= low
    assert np.mean(np.array(ious) <= high) > 0.75
    assert max(ious) < 1
    assert not corrupted_mask(np.zeros((5, 5), np.int8), np.random.default_rng(0)).any()


def test_who_begins_with_a_damaged_mask_clicks_on_its_damage():
    label = np.zeros((64, 64), np.int8)
    label[10:50, 15:45] = 1
    kinds = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        start = corrupted_mask(label, rng)
        [[x, y, kind]] = correcting_point(start, label, rng)
        assert (label[int(y), int(x)] == 1, start[int(y), int(x)]) == (kind == POSITIVE, kind == NEGATIVE)
        kinds.add(kind)
    assert kinds == {POSITIVE, NEGATIVE}
    assert correcting_point(label == 1, label, np.random.default_rng(0)) is None


# --------------------------------------------------------------------------------------------------------------- errors


def problem(location: Path, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        ShardData(config(**changes), [str(location)])
    return str(caught.value)


def test_a_split_without_samples_is_named_with_the_tags_there(tmp_path: Path):
    location = write_dataset(tmp_path / "d", [scene(0, 32, ("train",)), scene(1, 32, ("train", "night"))])
    assert "no sample has the tag 'val' (dataset_tags.val); tags there: night (1), train (2)." in problem(location)
    said = problem(location, dataset_tags={"train": "day", "val": "night"})
    assert "no sample has the tag 'day' (dataset_tags.train)" in said


def test_a_split_without_objects_is_named(tmp_path: Path):
    location = write_dataset(tmp_path / "d", [scene(0, 32, ("train",)), stored(tags=("val",))])
    assert "none of the 1 samples with the tag 'val' has an object of class 'obj'" in problem(location)


def test_missing_and_wrong_classes_are_named_together(tmp_path: Path):
    meta = Meta((ClassSpec("object", "bitmap"), ClassSpec("pos", "bitmap"), ClassSpec("neg", "point")))
    location = write_dataset(tmp_path / "d", [stored()], meta)
    said = problem(location)
    assert "special_classes.foreground is 'obj', which is no class there (did you mean 'object'?); " in said
    assert "; classes there: object, pos, neg" in said
    assert "special_classes.pos is 'pos', a class of shape bitmap; clicks are of shape point" in said
    assert "special_classes.neg" not in said
    assert "'neg', a class of shape point, which has no area" in problem(
        location, special_classes={"foreground": "neg", "neg": "x", "pos": "y"}
    )


def test_a_place_without_a_dataset_is_named(tmp_path: Path):
    assert "does not exist; a dataset is" in problem(tmp_path / "no")


def of_objects(*objects: dict[str, Any]) -> bytes:
    """An annotation file of a 32×32 image."""
    return json.dumps({"size": {"height": 32, "width": 32}, "objects": objects}).encode()


@pytest.mark.parametrize(
    ("image", "annotation", "reason"),
    [
        (b"no image", None, "the image cannot be decoded"),
        (b"", None, "the image is empty"),
        (png(np.zeros((8, 9, 3), np.uint8)), None, "the image is 9×8, its annotation is for 32×32"),
        (None, b"{", "the annotation cannot be read: Expecting property name"),
        (None, of_objects({"classTitle": "cow"}), "cow"),
        (None, of_objects({"classTitle": "obj", "bitmap": {"data": "AA"}}), "annotation"),
        (None, of_objects({"classTitle": "pos", "points": {"exterior": [[1]]}}), "range"),
    ],
)
def test_a_bad_sample_is_replaced_as_often_as_allowed(
    image: bytes | None, annotation: bytes | None, reason: str, tmp_path: Path
):
    # Given a dataset with one sample that cannot be decoded
    good = scene(0, 32, ("train",))
    bad = Stored(good.image if image is None else image, (32, 32), (OBJECT,), ("train", "val"), annotation)
    location = write_dataset(tmp_path / "d", [bad, good, scene(2, 32, ("val",))])
    data = ShardData(config(augment=STILL, clicks=AS_STORED), [str(location)])
    # Then it says why
    with pytest.raises(BadSample, match=reason) as caught:
        data.train_samples.decode(0)
    assert "d: ds/000000.png: " in str(caught.value)
    # and another sample takes its place
    item = data.train_samples[Visit(0, 0)]
    assert (int(item["failed"]), bool(item["counted"])) == (0, False)
    assert torch.equal(item["image"], data.train_samples[Visit(1, 0)]["image"])
    # but no more often than the config allows
    batch = {"failed": torch.tensor([-1, 0, -1])}
    with pytest.raises(
        DataError, match=r"1 samples of the train split cannot be decoded, allow_corrupted_samples.train is 0"
    ):
        data.count_corrupted(batch, training=True)
    lenient = ShardData(config(allow_corrupted_samples={"train": 1, "val": 0}), [str(location)])
    lenient.count_corrupted(batch, training=True)
    lenient.count_corrupted(batch, training=True)
    with pytest.raises(DataError, match="of the val split"):
        lenient.count_corrupted(batch, training=False)


def test_a_dataset_of_bad_samples_does_not_loop_for_ever(tmp_path: Path):
    bad = Stored(b"no", (32, 32), (OBJECT,), ("train",))
    data = ShardData(config(), [str(write_dataset(tmp_path / "d", [bad, bad, scene(2, 32, ("val",))]))])
    with pytest.raises(DataError, match=r"none of 100 samples tried in place of .* can be decoded"):
        data.train_samples[Visit(0, 0)]


def test_at_most_so_many_hints_of_a_kind_are_read(tmp_path: Path):
    figures = (OBJECT, *(Figure("neg", Point(x, 0)) for x in range(30)), Figure("pos", Point(5, 5)))
    samples = Samples([], np.zeros((0, 2)), config(), training=False)
    image = np.zeros((32, 32, 3), np.uint8)
    _, _, points = decode_sample(as_stored(figures, image), META_OF_TUTORIAL, samples.config.special_classes, (32, 32))
    assert [(points[:, 2] == kind).sum() for kind in (POSITIVE, NEGATIVE)] == [1, MOST_POINTS]
