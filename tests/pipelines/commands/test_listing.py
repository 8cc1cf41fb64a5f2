"""A dataset whose pictures are not there is the user's to mend: the commands that list images say so in words."""

import json

import pytest

from pipelines.__main__ import main
from tests.support import chain, coordinates, jpeg


@pytest.mark.parametrize("command", [["run", "--output", "OUT"], ["preview", "--layers", "--output", "OUT.png"]])
def test_a_place_that_is_not_there(tmp_path, capsys, command):
    content = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}
    for name in ("train", "val"):
        (tmp_path / "coco" / "annotations").mkdir(parents=True, exist_ok=True)
        (tmp_path / "coco" / "annotations" / f"instances_{name}.json").write_text(json.dumps(content))
    (tmp_path / "coco" / "val").mkdir()
    (tmp_path / "coco" / "val" / "a.jpg").write_bytes(jpeg(coordinates((20, 30))))
    (tmp_path / "graph.json").write_text(json.dumps(chain()))
    word, *options = (word.replace("OUT", str(tmp_path / "out")) for word in command)
    status = main([word, f"{tmp_path}/graph.json", "--project", f"P={tmp_path}/coco", *options])
    assert status == 2
    said = capsys.readouterr().err
    assert f"{tmp_path}/coco has no picture a.jpg, nor any other of the first 1 that 'train' lists" in said
    assert "Traceback" not in said
