"""`yolo`: images and label files as Ultralytics reads them for segmentation, a polygon a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from pipelines.annotation import Annotation
from pipelines.exports.base import NEUTRAL, WITH_AREA, Form, registered, titles_with_area
from pipelines.exports.contents import Contents
from pipelines.exports.folder import RECORD, Folder, Names, stem
from pipelines.exports.notes import Notes
from pipelines.figures import Bitmap, Polygon, Rectangle, Shape
from pipelines.figures.bitmap import rasterized
from pipelines.figures.shape import simplify_points
from pipelines.image import Rect, Size

IMAGES, LABELS, DATA = "images", "labels", "data.yaml"
SPLITS = ("train", "val", "test")

# Datasets that say by their names what they are for; a project may stand before it: `VOC__train`.
_SPLIT_NAMES = {
    "train": re.compile(r"(.*__)?(train|training|trainval)[-_]?\d*", re.IGNORECASE),
    "val": re.compile(r"(.*__)?(val|valid|validation)[-_]?\d*", re.IGNORECASE),
    "test": re.compile(r"(.*__)?(test|testing)[-_]?\d*", re.IGNORECASE),
}

# Added to both coordinates of a vertex: a reader that drops the fraction, as Ultralytics does, comes to the pixel that is
# meant, whatever was lost in dividing and multiplying by the image's size.
_IN_PIXEL = 0.25
# In pixels. More would begin to show where objects are drawn at the image's own size.
_REACH = 0.25

_NO_AREA = "the labels are polygons"
_NO_NEUTRAL = "YOLO has no word for what shall not be judged, so that it is background"
_OUTSIDE = "no pixel of theirs lies in the image"
_BRIDGES = "a row is one polygon, and the bridges between its parts show as lines a pixel wide"
_SAME_BOX = "another one of their class has the same box, and Ultralytics keeps one object of a class and a box"
_NO_FIELDS = "the labels have no place for them"
_NO_SPLIT = "neither a tag nor the name of the dataset says train, val or test"
_NO_VAL = (
    f"no image is in val, and Ultralytics asks for some: tag samples val in the graph, or name images for it in {DATA}"
)


@registered
class Yolo(Form):
    word: ClassVar[str] = "yolo"
    title: ClassVar[str] = "YOLO labels for segmentation, as Ultralytics reads them"
    files_are: ClassVar[str] = (
        "`images/<split>/<name>`; `labels/<split>/<stem>.txt`; `data.yaml`. The split is the image's tag `train`, `val` or "
        "`test`, else that of the dataset's name (`val2017`, `validation`), else `train`"
    )
    objects_are: ClassVar[str] = (
        "one row an object: a polygon around its pixels, or as it was drawn; parts are joined and holes cut open by "
        f"bridges without width, as Ultralytics' own converter joins parts. Left out: `{NEUTRAL}`, points, lines, tags"
    )
    contents: ClassVar[tuple[str, ...]] = (
        RECORD,
        DATA,
        *(f"{folder}/{split}/" for folder in (IMAGES, LABELS) for split in SPLITS),
    )

    def write(self, contents: Contents, folder: Folder, notes: Notes) -> None:
        titles = [title for title in titles_with_area(contents.meta) if title != NEUTRAL]
        numbers = {title: number for number, title in enumerate(titles)}
        names = {split: Names(notes, stem) for split in SPLITS}
        used: set[str] = set()
        for dataset, samples in contents.by_dataset():
            for sample in samples:
                annotation = sample.read(contents.meta)
                tags = [tag.name for tag in annotation.tags]
                split = split_of(dataset, tags)
                if not split:
                    split = SPLITS[0]
                    notes.add(f"images put into {split}", _NO_SPLIT, dataset)
                used.add(split)
                name = names[split].claim(sample.name, dataset)
                rows = _rows(annotation, numbers, notes)
                folder.write(sample.image, IMAGES, split, name)
                folder.write("".join(rows).encode(), LABELS, split, f"{name.rpartition('.')[0] or name}.txt")
                notes.lost_tags(annotation, _NO_FIELDS, used=SPLITS)
                notes.lost_fields(annotation, _NO_FIELDS)
        if "val" not in used:
            notes.say(_NO_VAL)
        folder.write_last(_data(titles, [split for split in SPLITS if split in used]).encode(), DATA)


def _rows(annotation: Annotation, numbers: Mapping[str, int], notes: Notes) -> Iterator[str]:
    """The lines of an image's label file."""
    boxes: set[tuple[float, ...]] = set()
    for figure in annotation.figures:
        if figure.title not in numbers:
            has_area = figure.shape.kind in WITH_AREA
            notes.add("objects left out", _NO_NEUTRAL if has_area else _NO_AREA, figure.title)
            continue
        parts = parts_of(figure.shape, annotation.size)
        if not parts:
            notes.add("objects left out", _OUTSIDE, figure.title)
            continue
        if len(parts) > 1:
            notes.add("objects of several parts joined", _BRIDGES, figure.title)
        number, vertices = numbers[figure.title], _normalized(joined(parts), annotation.size)
        box = (number, *vertices.min(axis=0).tolist(), *vertices.max(axis=0).tolist())
        if box in boxes:
            notes.add("objects of equal boxes", _SAME_BOX, figure.title)
        boxes.add(box)
        yield f"{number} {' '.join(f'{part:.6f}' for part in vertices.ravel().tolist())}\n"


def split_of(dataset: str, tags: Iterable[str]) -> str:
    """The split that an image's tags name, if it is only one, else the one that its dataset's name does; else an empty text."""
    tagged = [split for split in SPLITS if split in tags]
    if len(tagged) == 1:
        return tagged[0]
    return next((split for split in SPLITS if _SPLIT_NAMES[split].fullmatch(dataset)), "")


Part = tuple[np.ndarray, Sequence[np.ndarray]]
"""A ring and the rings of its holes, each (n, 2) float64 xy in pixels."""


def parts_of(shape: Shape, size: Size) -> list[Part]:
    """The parts of a shape in an image of this (height, width), as it was drawn or around its pixels; none outside of it."""
    if parts := _drawn_by_hand(shape, size):
        return parts
    return [part for mask in rasterized(shape, size) for part in _around_pixels(mask)]


def _drawn_by_hand(shape: Shape, size: Size) -> list[Part]:
    """Polygons and rectangles with the vertices that people set; nothing for what has no area."""
    if isinstance(shape, Rectangle):
        left, top, right, bottom = shape.bounds
        shape = Polygon(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
    if not isinstance(shape, Polygon):
        return []
    parts: list[Part] = [(piece.exterior, piece.holes) for piece in shape.crop(Rect(0, 0, size[1], size[0]))]
    return parts if any(_signed_area(exterior) for exterior, _ in parts) else []


def _around_pixels(mask: Bitmap) -> list[Part]:
    """Rings through the outer halves of a mask's outermost pixels, so that even a single pixel has an area.

    Through the pixels' middles, objects would come out smaller by half a pixel all around; along their edges, a reader that
    drops the fraction, and draws the outline, would add a pixel to the right and below.
    """
    twice = Bitmap(2 * mask.x, 2 * mask.y, mask.pixels.repeat(2, axis=0).repeat(2, axis=1))
    return [(_smoothed(outer / 2), [_smoothed(hole / 2) for hole in holes]) for outer, holes in twice.outlines()]


def _smoothed(ring: np.ndarray) -> np.ndarray:
    """Without the steps of a slope, which are no part of the shape: no vertex goes that is not within reach of the rest."""
    return simplify_points(ring, _REACH, True)


def joined(parts: Sequence[Part]) -> np.ndarray:
    """All rings as one, (n, 2) float64 xy, n >= 3: from the nearest vertex before it a bridge leads to each ring, and back.

    Holes turn the other way, so that they stay empty whether a reader counts crossings or turns.
    """
    rings = []
    for exterior, holes in parts:
        rings += [_turning(exterior, 1), *(_turning(hole, -1) for hole in holes)]
    if len(rings) == 1:
        return rings[0]
    # Of each ring the places of bridges to later ones: (vertex, later ring).
    bridges: list[list[tuple[int, int]]] = [[] for _ in rings]
    before = _Vertices()
    for number, ring in enumerate(rings):
        if number:
            arrival, (origin, departure) = before.nearest(ring)
            bridges[origin].append((departure, number))
            # Each ring begins, and ends, where it is reached.
            rings[number] = ring = np.concatenate([ring[arrival:], ring[: arrival + 1]])
        before.add(number, ring)
    # A bridge leads to a later ring: from the last to the first, every ring is whole before it becomes part of another.
    for number in reversed(range(len(rings))):
        ring, pieces, done = rings[number], [], 0
        for vertex, later in sorted(bridges[number]):
            pieces += [ring[done : vertex + 1], rings[later]]
            done = vertex
        rings[number] = np.concatenate([*pieces, ring[done:]])
    return rings[0]


class _Vertices:
    """The vertices of rings, more and more of them, asked for the nearest.

    They lie in trees, the largest first: a new tree takes in those that have no more vertices than itself, so that every vertex
    is sorted in only a few times, however many rings there are.
    """

    def __init__(self) -> None:
        # Imported here: most outlines are one ring, and it takes longer to load than all of this module.
        from scipy.spatial import cKDTree

        self._tree = cKDTree
        self._groups: list[tuple[Any, np.ndarray, np.ndarray]] = []

    def add(self, number: int, ring: np.ndarray) -> None:
        """The vertices of the ring of that number, (n, 2) float64 xy."""
        points, names = ring, np.stack([np.full(len(ring), number), np.arange(len(ring))], axis=1)
        while self._groups and len(self._groups[-1][1]) <= len(points):
            _, others, their_names = self._groups.pop()
            points, names = np.concatenate([others, points]), np.concatenate([their_names, names])
        self._groups.append((self._tree(points), points, names))

    def nearest(self, ring: np.ndarray) -> tuple[int, tuple[int, int]]:
        """The vertex of this ring, (n, 2), and the (ring, vertex) of those that were added, which are nearest to each other."""
        found = []
        for tree, _, names in self._groups:
            distances, places = tree.query(ring)
            arrival = int(np.argmin(distances))
            origin, departure = names[places[arrival]].tolist()
            found.append((float(distances[arrival]), arrival, (origin, departure)))
        _, arrival, departure = min(found)
        return arrival, departure


def _turning(ring: np.ndarray, direction: int) -> np.ndarray:
    return ring if _signed_area(ring) * direction >= 0 else ring[::-1]


def _signed_area(ring: np.ndarray) -> float:
    """Square pixels, above 0 for a ring that turns from x to y."""
    x, y = ring.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _normalized(ring: np.ndarray, size: Size) -> np.ndarray:
    """The vertices (n, 2) in parts of the width and height of an image of this (height, width), to six digits."""
    return np.clip((ring + _IN_PIXEL) / (size[1], size[0]), 0, 1).round(6)


def _data(titles: Sequence[str], splits: Sequence[str]) -> str:
    """`data.yaml`; without a path in it Ultralytics looks beside the file. JSON's texts in quotes are YAML's, too."""
    lines = [f"{split}: {IMAGES}/{split}" for split in splits]
    lines += ["names:", *(f"  {n}: {json.dumps(title, ensure_ascii=False)}" for n, title in enumerate(titles))]
    return "".join(f"{line}\n" for line in lines)
