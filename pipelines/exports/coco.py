"""`coco`: images in a folder a dataset, their objects in one COCO file of instances a dataset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from itertools import count
from tempfile import SpooledTemporaryFile
from typing import IO, Any, ClassVar

import numpy as np
from pycocotools import mask as coco_masks

from pipelines.annotation import Annotation
from pipelines.exports.base import NEUTRAL, WITH_AREA, Form, registered, titles_with_area
from pipelines.exports.contents import Contents
from pipelines.exports.folder import RECORD, Folder, Names, whole_name
from pipelines.exports.notes import Notes
from pipelines.figures import Bitmap, Figure, Polygon, Rectangle, Shape
from pipelines.figures.bitmap import rasterized
from pipelines.figures.shape import point_bounds
from pipelines.image import Rect, Size

IMAGES, ANNOTATIONS = "images", "annotations"

# The entries of images wait beside the annotations; a file takes over where they are many.
_HELD_BYTES = 1 << 24

_NO_AREA = "COCO's instances are areas"
_OUTSIDE = "no pixel of theirs lies in the image"
_CROWD = f"what is {NEUTRAL} is a crowd (iscrowd 1), which trainers and COCO's evaluation pass over"
_NO_FIELDS = "COCO has no place for them"


@registered
class Coco(Form):
    word: ClassVar[str] = "coco"
    title: ClassVar[str] = "COCO instances, for pycocotools and all that reads COCO"
    files_are: ClassVar[str] = (
        "`images/<dataset>/<name>`; `annotations/instances_<dataset>.json`, each with all categories, numbered from 1 in the "
        "order of the classes"
    )
    objects_are: ClassVar[str] = (
        "polygons without holes and rectangles as polygons; bitmaps and polygons with holes as run lengths, pixel for pixel; "
        f"`{NEUTRAL}` as crowds; tags beside COCO's own fields. Points and lines are left out"
    )
    layout: ClassVar[str] = "coco"
    contents: ClassVar[tuple[str, ...]] = (
        RECORD,
        f"{IMAGES}/*/",
        f"{ANNOTATIONS}/instances_*.json",
        f"{ANNOTATIONS}/.instances_*.json.*",
    )

    def write(self, contents: Contents, folder: Folder, notes: Notes) -> None:
        categories = {title: number for number, title in enumerate(titles_with_area(contents.meta), 1)}
        licences = {project: number for number, project in enumerate(sorted(contents.licences), 1)}
        head = {
            "info": {"description": f"{contents.name}, unpacked by python -m pipelines unpack --as {self.word}"},
            "licenses": [{"id": n, "name": contents.licences[project], "url": ""} for project, n in licences.items()],
            "categories": [{"id": n, "name": title, "supercategory": ""} for title, n in categories.items()],
        }
        image_ids, instance_ids = count(1), count(1)
        for dataset, samples in contents.by_dataset():
            names = Names(notes, whole_name)
            # No list is ever whole in memory: instances go to the file at once, images wait beside it.
            with (
                folder.appearing(ANNOTATIONS, f"instances_{dataset}.json") as file,
                SpooledTemporaryFile(max_size=_HELD_BYTES) as waiting,
            ):
                file.write(_json(head)[:-1] + b',\n"annotations": [')
                instances, images = _List(file), _List(waiting)
                for sample in samples:
                    name = names.claim(sample.name, dataset)
                    folder.write(sample.image, IMAGES, dataset, name)
                    annotation = sample.read(contents.meta)
                    image = {"id": next(image_ids), "file_name": name} | _described(annotation)
                    image |= {"height": sample.size[0], "width": sample.size[1]}
                    if sample.project in licences:
                        image["license"] = licences[sample.project]
                    images.append(image)
                    for figure, place in _instances(annotation, notes):
                        own = {
                            "id": next(instance_ids),
                            "image_id": image["id"],
                            "category_id": categories[figure.title],
                        }
                        instances.append(own | place | _described(figure))
                    notes.lost_fields(annotation, _NO_FIELDS, also=())
                file.write(b'\n],\n"images": [')
                waiting.seek(0)
                shutil.copyfileobj(waiting, file)
                file.write(b"\n]}\n")


class _List:
    """A JSON list that is written entry by entry."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._separator = file, b"\n"

    def append(self, entry: Mapping[str, Any]) -> None:
        self._file.write(self._separator + _json(entry))
        self._separator = b",\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _described(part: Annotation | Figure) -> dict[str, Any]:
    """Tags and description of an image or an object, where it has any: COCO allows for fields of one's own."""
    tags = {"tags": [{"name": tag.name, "value": tag.value} for tag in part.tags]} if part.tags else {}
    return tags | ({"description": part.description} if part.description else {})


def _instances(annotation: Annotation, notes: Notes) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """Each figure that has pixels, and COCO's fields that say which."""
    for figure in annotation.figures:
        if figure.shape.kind not in WITH_AREA:
            notes.add("objects left out", _NO_AREA, figure.title)
            continue
        crowd = figure.title == NEUTRAL
        place = None if crowd else _as_polygons(figure.shape, annotation.size)
        place = place or _as_runs(figure.shape, annotation.size)
        if place is None:
            notes.add("objects left out", _OUTSIDE, figure.title)
            continue
        if crowd:
            notes.add("objects turned into crowds", _CROWD, figure.title)
        yield figure, place | {"iscrowd": int(crowd)}


def _as_polygons(shape: Shape, size: Size) -> dict[str, Any] | None:
    """The part of an outline inside an image of this (height, width); nothing for what polygons cannot say.

    The vertices stay what they are. The area is that of the pixels that pycocotools gives them; without any they would not do.
    """
    height, width = size
    if isinstance(shape, Rectangle):
        left, top, right, bottom = shape.bounds
        shape = Polygon(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
    if not isinstance(shape, Polygon) or shape.holes:
        return None
    pieces = shape.crop(Rect(0, 0, width, height))
    if not pieces or any(piece.holes for piece in pieces):
        return None
    rings = [piece.exterior.ravel().tolist() for piece in pieces]
    area = float(coco_masks.area(coco_masks.merge(coco_masks.frPyObjects(rings, height, width))))
    left, top, right, bottom = point_bounds(np.concatenate([piece.exterior for piece in pieces]))
    return {"segmentation": rings, "area": area, "bbox": [left, top, right - left, bottom - top]} if area else None


def _as_runs(shape: Shape, size: Size) -> dict[str, Any] | None:
    """The pixels of a shape inside an image of this (height, width), in compressed run lengths; nothing where it has none."""
    for mask in rasterized(shape, size):
        box = [mask.x, mask.y, mask.width, mask.height]
        return {"segmentation": _run_lengths(mask, size), "area": int(mask.area), "bbox": box}
    return None


def _run_lengths(mask: Bitmap, size: Size) -> dict[str, Any]:
    """Down the columns of an image of this (height, width), which the mask lies in.

    pycocotools would want the whole image's pixels; the few of the mask tell as well where runs begin and end.
    """
    height, width = size
    padded = np.zeros((mask.width, mask.height + 2), np.int8)
    padded[:, 1:-1] = mask.pixels.T
    # Along a column runs begin and end in turn, so that both lists are of one length and in one order.
    column, row = np.nonzero(np.diff(padded, axis=1))
    turns = (column + mask.x) * height + row + mask.y
    # A run that goes on at the top of the next column is one run.
    joined = np.flatnonzero(turns[1:-1:2] == turns[2::2])
    turns = np.delete(turns, np.concatenate([2 * joined + 1, 2 * joined + 2]))
    runs = np.diff(turns, prepend=0, append=height * width).tolist()
    if not runs[-1]:
        runs.pop()
    listed: Any = {"size": [height, width], "counts": runs}
    code: Any = coco_masks.frPyObjects(listed, height, width)
    return {"size": [height, width], "counts": code["counts"].decode("ascii")}
