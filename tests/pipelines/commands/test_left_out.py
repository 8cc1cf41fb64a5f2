"""What is not in the samples is said by `run` and kept in the manifest: files passed over, and objects left out."""

import json

from tests.pipelines.sources.test_coco import BOX, annotation, content, outline, write
from tests.support import chain


def test_a_run_says_what_it_passed_over_and_left_out(command, tmp_path):
    objects = [annotation(1, [outline(*BOX)]), annotation(2, []), annotation(3, []), annotation(4, [], image=9)]
    objects += [annotation(number, [[1, 2, 9, 2, float("nan"), 9]]) for number in range(5, 8)]
    root = write(tmp_path / "project", content(objects, ("a.jpg", "b.jpg")))
    (tmp_path / "graph.json").write_text(json.dumps(chain()))
    said = command(
        "run", tmp_path / "graph.json", "--project", f"P={root}", "--output", tmp_path / "out", "--shards", 1
    )
    assert said.code == 0
    lines = said.out.splitlines()
    assert "P: 1 annotations of images that are not listed: passed over" in lines
    assert "data $0: 2 objects without a segmentation (boxes alone): left out" in lines
    manifest = json.loads((tmp_path / "out" / "out" / "manifest.json").read_text())
    assert manifest["inputs"]["projects"]["P"]["passed_over"] == {
        "annotations of images that are not listed: passed over": 1
    }
    assert sorted(manifest["funnel"][0]["left_out"].values()) == [2, 3]
    assert manifest["errors"] == 0
