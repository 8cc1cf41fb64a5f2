"""The public Supervisely SDK, in an environment of its own, opens what we write."""

import json
import subprocess
from pathlib import Path

import pytest

from pipelines.__main__ import main

SDK_PYTHON = Path(__file__).resolve().parents[2] / ".venv-supervisely" / "bin" / "python"

# Runs in the SDK's environment: every annotation is decoded and drawn; prints what was found as JSON.
READER = """
import json, sys
import numpy as np
import supervisely as sly

project = sly.Project(sys.argv[1], sly.OpenMode.READ)
found = {"images": 0, "classes": sorted(c.name for c in project.meta.obj_classes), "pixels": {}, "tags": {}}
for dataset in project.datasets:
    for name in dataset:
        annotation = dataset.get_ann(name, project.meta)
        image = sly.image.read(dataset.get_img_path(name))
        assert image.shape[:2] == annotation.img_size, (name, image.shape, annotation.img_size)
        found["images"] += 1
        for tag in annotation.img_tags:
            found["tags"][tag.name] = found["tags"].get(tag.name, 0) + 1
        for label in annotation.labels:
            canvas = np.zeros(annotation.img_size, np.uint8)
            label.geometry.draw(canvas, 1)
            title = label.obj_class.name
            found["pixels"][title] = found["pixels"].get(title, 0) + int(np.count_nonzero(canvas))
print(json.dumps(found))
"""


@pytest.mark.e2e
@pytest.mark.skipif(not SDK_PYTHON.exists(), reason="the SDK's environment is made by `make test-tools`")
def test_the_sdk_decodes_every_annotation_of_an_unpacked_dataset(tmp_path):
    from pipelines.formats.shards import open_dataset

    voc, out, plain = (str(tmp_path / name) for name in ("voc", "out", "plain"))
    assert main(["synth", voc, "--images", "12", "--seed", "5"]) == 0
    graph = "configs/graphs/pascal_voc.json"
    assert main(["run", graph, "--project", f"PascalVOC={voc}", "--output", out]) == 0
    assert main(["unpack", out, plain]) == 0

    done = subprocess.run([str(SDK_PYTHON), "-c", READER, plain], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    dataset = open_dataset(out)
    rows = dataset.index.to_pylist()
    assert found["images"] == len(dataset) > 20
    assert found["classes"] == ["neg", "obj", "pos"]
    assert found["tags"] == {name: sum(name in row["tags"] for row in rows) for name in found["tags"]}
    # The SDK counts the same pixels in every mask as the index says.
    areas = [area for row in rows for title, area in zip(row["classes"], row["areas"], strict=True) if title == "obj"]
    assert found["pixels"]["obj"] == sum(areas)
