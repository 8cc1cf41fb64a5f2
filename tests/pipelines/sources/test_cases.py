"""Inputs after reports of users, each with what is right: the cases that lie beside the checkout, and none is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipelines import render
from pipelines.execute.in_memory import Result
from pipelines.execute.reading import list_images
from pipelines.formats import storage
from pipelines.sources import SourceError, open_project
from tests.support import SHARED, compiled, run, shared

CASES = sorted(path.name for path in (SHARED / "cases" / "data").glob("[0-9]*"))

NOT_DONE = {
    "39-bowtie-crop": "a crop through an outline that crosses itself loses a part: it is no matter of reading",
    "45-picture-modes": "a TIFF of floating-point numbers cannot be decoded",
    "64-tiff-orientation-stored": "labels of the stored pixels are refused; they could be taken as they are, and counted",
}

Objects = dict[str, list[tuple[str, float]]]


class Case:
    """A case that was run: its objects (title, area) by image, what failed, and what was said."""

    def __init__(self, name: str) -> None:
        folder = shared(f"cases/data/{name}")
        graph = (folder / "graph.json").read_text()
        project = json.loads(graph)[0]["src"][0].split("/")[0]
        self.projects = {project: open_project(project, str(folder / "input"))}
        plan = compiled(graph, self.projects)
        listing = list_images(plan, self.projects)
        self.passed_over = {what: n for found in listing.passed_over.values() for what, n in found.items()}
        self.images = len(listing.entries)
        self.result: Result = run(graph, self.projects)
        self.left_out = self.result.counts[plan.sources[0].id].left_out
        self.failures = {failure.image: failure.message for failure in self.result.failures}

    @property
    def objects(self) -> Objects:
        return {
            f"{sample.dataset}/{sample.origin.file}": [(figure.title, figure.shape.area) for figure in sample.figures]
            for sample in self.result.samples
        }

    def rendered(self) -> None:
        for sample in self.result.samples:
            render.decode(storage.read_bytes(sample.image.uri), sample.image.source_size)


def refused(name: str, *words: str) -> None:
    with pytest.raises(SourceError) as caught:
        Case(name)
    assert all(word in str(caught.value) for word in words), str(caught.value)


TWO = [("aeroplane", 100.0), ("bicycle", 168.0)]
OWN = [("crack", 100.0), ("rust", 168.0)]
CAR = [("car", 64.0)]


def holds(**expected: Any) -> Callable[[str], None]:
    """The objects of every image, what is passed over and left out (numbers of it), and that every picture can be decoded."""

    def check(name: str) -> None:
        case = Case(name)
        assert case.objects == expected["objects"]
        assert sorted(case.passed_over.values()) == expected.get("passed_over", [])
        assert sorted(case.left_out.values()) == expected.get("left_out", [])
        assert dict.fromkeys(case.failures, True) == dict.fromkeys(expected.get("fails", {}), True)
        for image, words in expected.get("fails", {}).items():
            assert words in case.failures[image]
        case.rendered()

    return check


def check_sbd(name: str) -> None:
    holds(
        objects={"train/2007_000001.jpg": TWO, "trainaug/2008_000003.jpg": TWO, "val/2007_000002.jpg": TWO},
        passed_over=[1, 1],
    )(name)


def check_bow_tie(name: str) -> None:
    cropped, whole = sorted(figures[0].shape.area for figures in (s.figures for s in Case(name).result.samples))
    assert cropped > 0.9 * whole


def check_odd_names(name: str) -> None:
    case = Case(name)
    assert case.images == len(case.result.samples) == len(list((shared(f"cases/data/{name}") / "input").rglob("*.jpg")))
    case.rendered()


def check_all(samples: int) -> Callable[[str], None]:
    def check(name: str) -> None:
        case = Case(name)
        assert len(case.result.samples) == samples
        assert not case.failures
        case.rendered()

    return check


CHECKS: dict[str, Callable[[str], None]] = {
    "01-cvat-labelmap-ignored": holds(objects={"train/000001.jpg": OWN}),
    "03-voc-names-with-spaces": holds(objects={"train/my photo 1.jpg": TWO, "train/plain.jpg": TWO}),
    "05-voc-subfolders": holds(
        objects={"train/lot1_a.jpg": TWO, "train/lot2_a.jpg": [("bird", 100.0), ("bus", 168.0)]}
    ),
    "06-voc-list-bom": holds(objects={"train/000001.jpg": TWO, "train/000002.jpg": TWO}),
    "08-voc-list-with-extensions": holds(objects={"train/000001.jpg": TWO}),
    "09-voc-sbd-trainaug": check_sbd,
    "10-labelme2voc": holds(objects={"input/000001.jpg": OWN}),
    "11-exif-raw-size-mask": holds(
        objects={}, fails={"000001.jpg": "where EXIF turns a photograph, labels are of the picture"}
    ),
    "13-sly-nested-datasets": holds(
        objects={"ds1/a.jpg": CAR, "ds1/b.jpg": CAR, "ds1/c.jpg": CAR, "ds1__inner/d.jpg": CAR, "ds1__inner/e.jpg": CAR}
    ),
    "15-sly-any-shape": holds(objects={"ds/a.jpg": [*CAR, ("thing", 24.0)]}),
    "17-sly-alpha-mask": holds(objects={"ds/a.jpg": [*CAR, ("soft", 64.0)]}),
    "18-sly-graph-unused": holds(objects={"ds/a.jpg": CAR}, left_out=[1]),
    "19-macos-dot-underscore": holds(objects={"ds/a.jpg": CAR, "ds/b.jpg": CAR}),
    "21-masks-classes-bom": holds(objects={"input/a.jpg": [("car", 100.0), ("bus", 168.0)]}),
    "23-jpeg-trailer": holds(objects={"ds/motion.jpg": CAR, "ds/plain.jpg": CAR}),
    "25-tiff-orientation": holds(objects=dict.fromkeys(("ds/j.jpg", "ds/p.png", "ds/t.tif", "ds/w.webp"), CAR)),
    "27-bitmap-outside": holds(objects={"ds/a.jpg": [("car", 36.0), ("car", 9.0), ("car", 16.0), ("car", 64.0)]}),
    "29-coco-backslash": holds(objects={"input/a.jpg": [("car", 80.0)]}),
    "31-coco-string-ids": holds(objects={"train/a.jpg": [("car", 80.0)]}),
    "32-coco-box-only-objects": holds(objects={"train/a.jpg": [("car", 80.0)]}, left_out=[1]),
    "33-coco-degenerate-part": holds(objects={"train/a.jpg": [("car", 80.0), ("bus", 80.0)]}),
    "35-coco-partial-download": lambda name: refused(name, "train2017", "name them: COCO/val2017"),
    "37-coco-rle-forms": holds(
        objects={"train/a.jpg": [("car", 80.0), ("car", 80.0), ("neutral", 80.0), ("car", 48.0)]},
        fails={"b.jpg": "has a mask of 30x40 (width x height), the image is 40x30"},
    ),
    "38-coco-iscrowd-text": holds(objects={"train/a.jpg": [("car", 80.0), ("car", 80.0)]}),
    "39-bowtie-crop": check_bow_tie,
    "40-mapillary-today": check_all(4),
    "41-mapillary-v2-only": check_all(4),
    "42-mapillary-flat-config12": holds(
        objects={},
        fails=dict.fromkeys(
            ("t1.jpg", "v1.jpg"), "if it is of the version of config_v2.0.json, take config_v1.2.json away"
        ),
    ),
    "44-sly-jfif-silently-left-out": holds(
        objects={"ds/a.jpg": CAR}, fails=dict.fromkeys(("b.jfif", "c.JFIF"), "a .jfif is a JPEG: rename it to .jpg")
    ),
    "45-picture-modes": check_all(12),
    "46-odd-names": check_odd_names,
    "48-empty": check_all(0),
    "51-sly-video-project": lambda name: refused(name, "it is a project of videos; only projects of images are read"),
    "52-one-pixel-objects": check_all(14),
    "53-binary-masks-255": holds(objects={"input/a.jpg": [("neutral", 268.0)]}, left_out=[1]),
    "56-rectangle-polygon-oddities": holds(
        objects={"ds/a.jpg": [("p", 0.0), ("b", 176.0), ("l", 64.0), ("l", 100.0)]}, left_out=[1]
    ),
    "59-coco-file-listed-twice": holds(objects={"train/a.jpg": [("car", 80.0), ("bus", 36.0)]}, passed_over=[1]),
    "64-tiff-orientation-stored": check_all(3),
    "67-vocdevkit-two-years": lambda name: refused(name, "VOC2007", "VOC2012", "name one of them"),
    "68-voc-grey-and-rgb-masks": holds(
        objects={
            "train/grey.jpg": [*TWO, ("neutral", 10.0)],
            "train/rgb.jpg": [TWO[1], TWO[0], ("neutral", 10.0)],
        }
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_reported_input(name, request):
    if name in NOT_DONE:
        request.applymarker(pytest.mark.xfail(reason=NOT_DONE[name], strict=True))
    CHECKS[name](name)


def test_class_masks_alone_are_said():
    case = Case("66-voc-class-masks-only")
    assert len(case.result.samples) == 1
    assert case.passed_over == {"images with a class mask and no object mask: each class of them is one object": 1}


def test_every_case_that_is_there_is_known():
    """`28` has no input: a folder with `#` in its name is tried with COCO's own tests."""
    assert {*CASES} <= {*CHECKS, "66-voc-class-masks-only", "28-coco-hash-in-folder"}
    assert {*NOT_DONE} <= {*CHECKS}
