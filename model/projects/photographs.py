"""Photographs of a finished dataset with all their objects, decoded."""

import json
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.settings.classes import SpecialClasses
from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.formats.shards import NotADataset, ShardedDataset
from pipelines.formats.supervisely import parse_annotation

SMALLEST_OBJECT = 60
"""Objects of fewer visible pixels in the stored photograph are not drawn: no view shows what they are."""
Pixels = NDArray[np.uint8]


class BadPhotograph(UserError):
    """A stored sample that cannot be decoded."""


@dataclass(frozen=True)
class DecodedPhotograph:
    """One photograph and its objects, before it lies on a canvas."""

    image: Pixels
    """(H, W, 3) RGB."""
    masks: tuple[NDArray[np.bool_], ...]
    """(H, W) each: the objects' visible parts, what later objects cover taken away."""
    void: NDArray[np.bool_] | None
    """(H, W): what nobody is to learn from; None where there is none."""


class Place(NamedTuple):
    """Where a photograph is stored."""

    pool: int
    """Number of the dataset."""
    row: int


def decode(dataset: ShardedDataset, row: int, classes: SpecialClasses) -> DecodedPhotograph:
    """A stored sample: every figure of the foreground class is an object. Raises BadPhotograph, which names the sample."""
    try:
        stored = dataset.read(row)
        annotation = parse_annotation(json.loads(stored.annotation_bytes), dataset.meta)
    except (ValueError, TypeError, IndexError, NotADataset, OSError) as error:
        raise BadPhotograph(f"{name_of(dataset, row)}: {error}") from error
    image = cv2.imdecode(np.frombuffer(stored.image_bytes, np.uint8), cv2.IMREAD_COLOR) if stored.image_bytes else None
    if image is None or image.shape[:2] != tuple(annotation.size):
        found = "the image cannot be decoded" if image is None else f"the image is {image.shape[1]}×{image.shape[0]}"
        raise BadPhotograph(
            f"{name_of(dataset, row)}: {found}, its annotation is for {annotation.size[1]}×{annotation.size[0]}"
        )
    masks, void = visible(annotation, classes)
    return DecodedPhotograph(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), masks, void)


def visible(
    annotation: Annotation, classes: SpecialClasses
) -> tuple[tuple[NDArray[np.bool_], ...], NDArray[np.bool_] | None]:
    """The visible part (H, W) of every object, in the figures' order, and what is neutral.

    Later figures lie over earlier ones, as everywhere; but where figures of the foreground class overlap, the smaller one
    keeps its pixels *and* the larger one too: a wheel is part of the car. Only the background and the neutral class take away.
    """
    masks: list[NDArray[np.bool_]] = []
    void = np.zeros(annotation.size, bool)
    for figure in annotation.figures:
        if figure.title not in (classes.foreground, classes.background, classes.neutral):
            continue
        canvas = np.zeros(annotation.size, np.uint8)
        figure.shape.draw(canvas, 1)
        drawn = canvas.view(bool)
        if figure.title == classes.foreground:
            masks.append(drawn)
            void &= ~drawn
        else:
            masks = [mask & ~drawn for mask in masks]
            void = void | drawn if figure.title == classes.neutral else void & ~drawn
    kept = tuple(mask for mask in masks if np.count_nonzero(mask) >= SMALLEST_OBJECT)
    return kept, void if void.any() else None


def name_of(dataset: ShardedDataset, row: int) -> str:
    """Dataset, folder and file name of a sample, for messages."""
    return f"{dataset.root}: {dataset.index['dataset'][row]}/{dataset.index['name'][row]}"
