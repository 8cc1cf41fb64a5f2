"""A finished dataset with one of everything that a form has to hold or to name, and what is asked of each form's own test."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.exports import FORMS, Contents
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle
from pipelines.formats.shards import INDEX, ShardedDataset, open_dataset
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.sources import bind
from pipelines.tag import Tag
from tests.pipelines.execute.running import beam_run
from tests.support import chain, drawn, jpeg, mask_of, png

META = Meta(
    (
        ClassSpec("point", "point"),
        ClassSpec("thing", "bitmap", "#ff8000"),
        ClassSpec('field "5"', "polygon", "#00a0ff"),
        ClassSpec("way", "line"),
        ClassSpec("frame", "rectangle", "#40c040"),
        ClassSpec("neutral", "bitmap", "#e0e0c0"),
    ),
    (TagSpec("night"), TagSpec("val"), TagSpec("worn", "any_number")),
)

RING = np.ones((20, 24), bool)
RING[6:12, 5:17] = False
TWO_PARTS = np.zeros((14, 40), bool)
TWO_PARTS[:9, :12] = TWO_PARTS[4:, 22:] = True
SLOPE = mask_of("#.....", ".#....", "..#...", "...#..", "....##", "....##")
OUTLINE = [(60, 50), (88, 52), (92, 70), (71, 77)]
OVER_THE_EDGE = [(75, -10), (110, 20), (80, 25)]
HOLE = [(14, 54), (24, 54), (24, 60), (14, 60)]

FIGURES = (
    Figure("thing", Bitmap(4, 5, RING), (Tag("worn", 3),), "cracked", {"labelerLogin": "me"}),
    Figure("thing", Bitmap(34, 4, TWO_PARTS)),
    Figure("thing", Bitmap(50, 30, SLOPE)),
    Figure("thing", Bitmap(0, 40, np.ones((1, 1), bool))),
    Figure("thing", Bitmap(95, 78, np.ones((2, 5), bool))),
    Figure('field "5"', Polygon(OUTLINE)),
    Figure('field "5"', Polygon(OVER_THE_EDGE)),
    Figure('field "5"', Polygon([(8, 48), (30, 48), (30, 66), (8, 66)], (HOLE,))),
    # The second of them is covered by the third, and the third is cut.
    Figure("frame", Rectangle(36, 60.4, 48, 72)),
    Figure("thing", Bitmap(38, 62, np.ones((3, 3), bool))),
    Figure("frame", Rectangle(38, 61, 46, 74)),
    Figure("neutral", Bitmap(40, 70, np.ones((6, 12), bool))),
    Figure("way", Line([(3, 30), (20, 34), (44, 28)])),
    Figure("point", Point(12.5, 8.0)),
    Figure("point", Point(70.0, 60.0)),
)
SIZE: Size = (80, 100)
"""(height, width) of every image."""

NAMES = (
    # Different files whose labels would be of one name: by the extension, by a capital, by the word for masks, by the folder.
    *("photos/a.jpg", "photos/a.png", "photos/A.jpg", "photos/a_mask.jpg", "photos/b.c.jpg", "train/a.jpg"),
    *("photos/empty.jpg", "val/last.png"),
)


@dataclass(frozen=True)
class Image:
    """One image as it was put in, or as it was read from the files of a form."""

    content: bytes
    objects: Sequence[tuple[str, np.ndarray]]
    """Class and mask, bool of the image's (height, width), of everything that covers pixels."""


def make_dataset(folder: Path) -> ShardedDataset:
    """A run of a graph that changes nothing, over a Supervisely project of `NAMES`; every picture differs from the others."""
    (folder / "input").mkdir()
    (folder / "input" / "meta.json").write_text(json.dumps(meta_json(META)))
    for number, place in enumerate(NAMES):
        dataset, name = place.split("/")
        pixels = np.full((*SIZE, 3), 10 * number, np.uint8)
        cv2.putText(pixels, str(number), (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 3)
        figures = () if "empty" in place else FIGURES[: 3 * number + 2] if number < 4 else FIGURES
        tags = [Tag("night")] * (number % 2) + [Tag("val")] * (dataset == "photos" and number == 1)
        annotation = annotation_json(SIZE, figures, tags, "a remark" if number == 2 else "", {"weather": "dry"})
        for inner, file, data in (
            ("img", name, (png if name.endswith("png") else jpeg)(pixels)),
            ("ann", f"{name}.json", json.dumps(annotation).encode()),
        ):
            (folder / "input" / dataset / inner).mkdir(parents=True, exist_ok=True)
            (folder / "input" / dataset / inner / file).write_bytes(data)
    projects = bind([f"P=supervisely:{folder / 'input'}"])
    made = beam_run(chain(), projects, folder / "output", shards=3, licences={"P": ["CC-BY-4.0"]})
    # A run tells files of nearly the same name apart. An index need not come from one, so here they keep their names.
    files = [source.rsplit("/", 1)[1] for source in made.index["source"].to_pylist()]
    return changed_index(made, folder / "out", {"name": files})


def changed_index(dataset: ShardedDataset, folder: Path, columns: Mapping[str, Sequence[str]]) -> ShardedDataset:
    """A copy of the dataset whose index says something else in some columns."""
    shutil.copytree(dataset.root, folder)
    table = pq.read_table(folder / INDEX)
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    pq.write_table(table, folder / INDEX)
    return open_dataset(str(folder))


def images_of(dataset: ShardedDataset) -> list[Image]:
    """Every image of the dataset with all its objects, those without area as empty masks."""
    contents = Contents(dataset)
    found = []
    for _, samples in contents.by_dataset():
        for sample in samples:
            objects = []
            for figure in sample.read(contents.meta).figures:
                has_area = figure.shape.kind not in ("line", "point")
                objects.append((figure.title, drawn(figure.shape, SIZE) if has_area else np.zeros(SIZE, bool)))
            found.append(Image(sample.image, objects))
    return found


def reader_of(word: str) -> Callable[[Path], list[Image]]:
    """The function that reads a form's files as other tools do; it is in the form's own test."""
    name = f"tests.pipelines.exports.test_{word}"
    hint = f"write {name.replace('.', '/')}.py with a function read_back(root: Path) -> list[Image]"
    assert word in FORMS
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        raise AssertionError(f"the form {word!r} has no test of its own: {hint}") from None
    found: Callable[[Path], list[Image]] | None = getattr(module, "read_back", None)
    assert found is not None, f"the test of the form {word!r} reads nothing back: {hint}"
    return found
