"""A tiny labelled project, the graphs that use it, and the datasets that a real run makes of it, once for all tests here."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipelines.__main__ import main
from pipelines.figures import Bitmap, Figure, Point
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.meta import ClassSpec, Meta

SIDE = 224
SQUARE = (56, 72, 168, 152)
"""(left, top, right, bottom) of the object, right and bottom exclusive."""
POSITIVE, NEGATIVE = (100, 110), (20, 30)
OBJECT_COLOR, POSITIVE_COLOR, NEGATIVE_COLOR = (255, 128, 0), (0, 192, 0), (208, 0, 0)
META = Meta(
    (
        ClassSpec("obj", "bitmap", "#ff8000"),
        ClassSpec("pos", "point", "#00c000"),
        ClassSpec("neg", "point", "#d00000"),
    )
)
NAMES = ("first.png", "second.png", "third.png")


def layer(action: str, src: str | list[str], dst: str | list[str], settings: Any = None) -> dict[str, Any]:
    return {"action": action, "src": [src] if isinstance(src, str) else src, "dst": dst, "settings": settings or {}}


PLAIN = [
    layer("data", "Tiny/*", "$in", {"classes_mapping": "default"}),
    layer("supervisely", "$in", "plain"),
]
CROPS = [
    layer("data", "Tiny/*", "$in", {"classes_mapping": {"obj": "obj", "__other__": "__ignore__"}}),
    layer("multiply", "$in", "$copies", {"multiply": 4}),
    layer(
        "crop",
        "$copies",
        "$parts",
        {"random_part": {side: {"min_percent": 20, "max_percent": 60} for side in ("height", "width")}},
    ),
    layer("if", "$parts", ["$wide", "$narrow"], {"condition": {"min_width": 80}}),
    layer("if", "$wide", ["$val", "$train"], {"condition": {"probability": 0.4}}),
    layer("tag", "$val", "$tagged-val", {"tag": "val", "action": "add"}),
    layer("tag", "$train", "$tagged-train", {"tag": "train", "action": "add"}),
    layer("supervisely", ["$tagged-val", "$tagged-train"], "crops"),
]


@dataclass(frozen=True)
class Workspace:
    """`project` is a `--project` value, the graphs are files, `plain` and `crops` the OUTPUT folders of their runs."""

    project: str
    plain_graph: str
    crops_graph: str
    plain: Path
    crops: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """That of `crops`."""
        return json.loads((self.crops / "crops" / "manifest.json").read_text())


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("workspace")
    make_project(root / "tiny")
    graphs = {}
    for name, layers in (("plain", PLAIN), ("crops", CROPS)):
        graphs[name] = root / f"{name}.json"
        graphs[name].write_text(json.dumps(layers, indent=2))
        arguments = [
            "run",
            str(graphs[name]),
            "--project",
            f"Tiny={root / 'tiny'}",
            "--output",
            str(root / f"out-{name}"),
        ]
        assert main([*arguments, "--shards", "2"]) == 0
    return Workspace(
        f"Tiny={root / 'tiny'}", str(graphs["plain"]), str(graphs["crops"]), root / "out-plain", root / "out-crops"
    )


def make_project(root: Path) -> None:
    """A Supervisely folder of grey images with one square object and two points each."""
    for part in ("img", "ann"):
        (root / "photos" / part).mkdir(parents=True)
    (root / "meta.json").write_text(json.dumps(meta_json(META)))
    left, top, right, bottom = SQUARE
    figures = (
        Figure("obj", Bitmap(left, top, np.ones((bottom - top, right - left), bool))),
        Figure("pos", Point(*map(float, POSITIVE))),
        Figure("neg", Point(*map(float, NEGATIVE))),
    )
    for number, name in enumerate(NAMES):
        cv2.imwrite(str(root / "photos" / "img" / name), np.full((SIDE, SIDE, 3), 100 + number, np.uint8))
        annotation = annotation_json((SIDE, SIDE), figures)
        (root / "photos" / "ann" / f"{name}.json").write_text(json.dumps(annotation))


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `python -m pipelines ...` in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run
