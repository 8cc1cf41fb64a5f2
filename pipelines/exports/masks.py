"""`masks`: images beside label images of the same names, one of class indices and one of numbered objects."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import PIL.Image

from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.exports.base import NEUTRAL, VOID, WITH_AREA, Form, registered, titles_with_area
from pipelines.exports.contents import Contents
from pipelines.exports.folder import RECORD, Folder, Names, stem
from pipelines.exports.notes import Notes
from pipelines.figures import Bitmap
from pipelines.figures.bitmap import rasterized
from pipelines.meta import Meta
from pipelines.overlay import Color, class_colors

IMAGES, MASKS, INSTANCES, CLASSES = "images", "masks", "instances", "classes.txt"
_SUFFIX = "_mask"
_MOST = 65_535

_NO_AREA = "points and lines cover no pixels"
_OUTSIDE = "no pixel of theirs lies in the image"
_COVERED = "other objects cover them, and a pixel of a label image is of one object only"
_CUT = "other objects cover a part of them, and a pixel of a label image is of one object only"
_NO_FIELDS = "label images have no place for them"


@registered
class Masks(Form):
    word: ClassVar[str] = "masks"
    title: ClassVar[str] = "label images (PNG) of classes and of objects beside the images"
    files_are: ClassVar[str] = (
        "`images/<dataset>/<name>`; `masks/<dataset>/<stem>.png`: class indices, 0 is background; "
        "`instances/<dataset>/<stem>.png`: numbers of objects from 1 on; `classes.txt`: a class a line, `index name`"
    )
    objects_are: ClassVar[str] = (
        f"drawn in their order, later ones above; `{NEUTRAL}` has the index {VOID}. 8 bits with a palette; 16 bits of grey "
        "where there are more than 255 classes, or objects in the image. Left out: points, lines, tags, and what others cover"
    )
    layout: ClassVar[str] = "masks"
    contents: ClassVar[tuple[str, ...]] = (
        RECORD,
        CLASSES,
        *(f"{folder}/*/" for folder in (IMAGES, MASKS, INSTANCES)),
    )

    def check(self, meta: Meta) -> None:
        super().check(meta)
        class_indices(meta)

    def write(self, contents: Contents, folder: Folder, notes: Notes) -> None:
        indices = class_indices(contents.meta)
        colors = class_colors(contents.meta)
        class_palette = _palette({index: colors[title] for title, index in indices.items()})
        object_palette = _palette({number: _object_color(number) for number in range(1, 256)})
        for dataset, samples in contents.by_dataset():
            names = Names(notes, mask_stem)
            for sample in samples:
                name = names.claim(sample.name, dataset)
                annotation = sample.read(contents.meta)
                objects, titles = _drawn(annotation, notes)
                # The class of each object's number, 0 for the background's.
                classes = np.array([0, *(indices[title] for title in titles)])
                file = f"{name.rpartition('.')[0] or name}.png"
                folder.write(sample.image, IMAGES, dataset, name)
                folder.write(_png(classes[objects], max(indices.values()), class_palette), MASKS, dataset, file)
                folder.write(_png(objects, len(titles), object_palette), INSTANCES, dataset, file)
                notes.lost_tags(annotation, _NO_FIELDS)
                notes.lost_fields(annotation, _NO_FIELDS)
        lines = ["0 background", *(f"{index} {title}" for title, index in indices.items())]
        folder.write_last("".join(f"{line}\n" for line in lines).encode(), CLASSES)


def mask_stem(name: str) -> str:
    """Names differ when they do without extension and `_mask`: some tools, and our own reader, take `a_mask.png` for a mask of
    `a.jpg`."""
    found = stem(name)
    while found.endswith(_SUFFIX):
        found = found.removesuffix(_SUFFIX)
    return found


def class_indices(meta: Meta) -> dict[str, int]:
    """Class → index in the masks: from 1 in the meta's order; the neutral class is 255 where 8 bits have room for all.

    Raises `UserError` for a class that the list of classes cannot name.
    """
    titles = titles_with_area(meta)
    for title in titles:
        if title != title.strip() or len(title.splitlines()) != 1:
            raise UserError(
                f"the class {title!r} cannot stand in {CLASSES}, where a name is a line without white space at its ends; "
                "rename it in the graph (action rename), or unpack in another form"
            )
    own = [title for title in titles if title != NEUTRAL or len(titles) > VOID]
    indices = {title: index for index, title in enumerate(own, 1)}
    return indices if len(own) == len(titles) else indices | {NEUTRAL: VOID}


def _drawn(annotation: Annotation, notes: Notes) -> tuple[np.ndarray, list[str]]:
    """The number of the object that each pixel shows, int32 (height, width), and the class of each number from 1 on.

    Objects that show no pixel have no number.
    """
    masks: list[tuple[str, Bitmap]] = []
    for figure in annotation.figures:
        if figure.shape.kind not in WITH_AREA:
            notes.add("objects left out", _NO_AREA, figure.title)
            continue
        pixels = rasterized(figure.shape, annotation.size)
        if not pixels:
            notes.add("objects left out", _OUTSIDE, figure.title)
        masks += [(figure.title, mask) for mask in pixels]
    canvas = np.zeros(annotation.size, np.int32)
    for number, (_, mask) in enumerate(masks, 1):
        mask.draw(canvas, number)
    visible = np.bincount(canvas.ravel(), minlength=len(masks) + 1)[1:].tolist()
    new_numbers, titles = [0], []
    for (title, mask), pixels_left in zip(masks, visible, strict=True):
        if pixels_left:
            titles.append(title)
        if pixels_left < mask.area:
            notes.add("objects cut" if pixels_left else "objects left out", _CUT if pixels_left else _COVERED, title)
        new_numbers.append(len(titles))
    return np.array(new_numbers, np.int32)[canvas], titles


def _png(values: np.ndarray, highest: int, palette: bytes) -> bytes:
    """A label image of numbers up to `highest`, (height, width): a palette of 8 bits, or 16 bits of grey for more than 255.

    Raises `UserError` for numbers that 16 bits cannot hold.
    """
    if highest > _MOST:
        raise UserError(
            f"an image has {highest:,} objects, and a label image of 16 bits holds {_MOST:,}; "
            "merge some in the graph (action merge_bitmap_masks), or unpack in another form"
        )
    image = PIL.Image.fromarray(values.astype(np.uint8 if highest <= VOID else np.uint16))
    if highest <= VOID:
        image.putpalette(palette)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _object_color(number: int) -> Color:
    """Neighbouring numbers lie far apart on the circle of hues, whose golden section is their distance."""
    red, green, blue = colorsys.hls_to_rgb(number * (5**0.5 - 1) / 2 % 1, 0.5, 0.8)
    return round(red * 255), round(green * 255), round(blue * 255)


def _palette(colors: Mapping[int, Color]) -> bytes:
    """Red, green and blue of the indices 0 to 255, in a row; black for those without a colour."""
    return bytes(part for index in range(256) for part in colors.get(index, (0, 0, 0)))
