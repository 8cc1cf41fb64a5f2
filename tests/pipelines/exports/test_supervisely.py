"""`supervisely`: the files are those of the shards; the public SDK reads them in `test_supervisely_sdk.py`."""

import json
from pathlib import Path

import numpy as np

from pipelines.formats.supervisely import parse_annotation, read_meta
from tests.pipelines.exports.example import Image
from tests.support import drawn


def read_back(root: Path) -> list[Image]:
    meta = read_meta(json.loads((root / "meta.json").read_text()))
    found = []
    for path in sorted(root.glob("*/img/*")):
        text = (path.parent.parent / "ann" / f"{path.name}.json").read_text()
        annotation = parse_annotation(json.loads(text), meta)
        objects = []
        for figure in annotation.figures:
            has_area = figure.shape.kind not in ("line", "point")
            mask = drawn(figure.shape, annotation.size) if has_area else np.zeros(annotation.size, bool)
            objects.append((figure.title, mask))
        found.append(Image(path.read_bytes(), objects))
    return found


def test_every_annotation_is_there_byte_for_byte(unpack, dataset, tmp_path):
    assert unpack(tmp_path / "unpacked", "supervisely").out.count("\n") == 1
    for number, row in enumerate(dataset.index.to_pylist()):
        stored = dataset.read(number)
        folder = tmp_path / "unpacked" / row["dataset"]
        assert (folder / "img" / row["name"]).read_bytes() == stored.image_bytes
        assert (folder / "ann" / f"{row['name']}.json").read_bytes() == stored.annotation_bytes
