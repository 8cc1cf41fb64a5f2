"""What is recognised but not read is answered by what to export instead, and never taken for a layout that looks like it."""

import json

import pytest

from pipelines.sources import SourceError, open_project
from pipelines.sources.coco import Coco
from tests.support import coordinates, jpeg, shared

RESULT = {
    "from_name": "label",
    "to_name": "image",
    "type": "polygonlabels",
    "value": {"points": [[1, 2], [3, 4], [5, 6]], "polygonlabels": ["nut"]},
    "original_width": 40,
    "original_height": 30,
}
TASK = {"id": 1, "annotations": [{"id": 2, "result": [RESULT]}], "data": {"image": "/data/upload/1/a.jpg"}}
SHORT = {"image": "/data/upload/1/a.jpg", "id": 1, "label": [RESULT["value"]], "annotator": 1}


@pytest.mark.parametrize(
    "content",
    [[TASK], TASK, [{"model_version": "x", "result": [RESULT]}], [SHORT]],
    ids=["tasks", "task", "predictions", "short"],
)
@pytest.mark.parametrize("pictures", ["", "images/"])
def test_label_studio_is_answered_by_its_export_to_take(tmp_path, content, pictures):
    file = tmp_path / "project-1-at-2024-01-01.json"
    file.write_text(json.dumps(content))
    (tmp_path / pictures).mkdir(exist_ok=True)
    (tmp_path / pictures / "a.jpg").write_bytes(jpeg(coordinates((30, 40))))
    assert not Coco.matches(str(tmp_path))
    for location in (tmp_path, file):
        with pytest.raises(SourceError) as caught:
            open_project("P", str(location))
        assert str(caught.value).startswith(
            f"{file} is Label Studio's own JSON, which is not read. Export the project again: as `COCO with Images` "
        )
        assert "`Brush labels to COCO` where they are brushed" in str(caught.value)
        assert "Rectangles alone do not say which pixels" in str(caught.value)


def test_other_files_are_not_taken_for_it(tmp_path):
    (tmp_path / "a.json").write_text('{"label": "from_name"}')
    with pytest.raises(SourceError, match=r"has none of the known layouts; found in it: a\.json"):
        open_project("P", str(tmp_path))


def test_real_exports_of_label_studio():
    with pytest.raises(SourceError, match=r"polygons\.json is Label Studio's own JSON"):
        open_project("P", str(shared("formats/label-studio")))
    for file in sorted(shared("formats/label-studio").glob("*.json")):
        with pytest.raises(SourceError, match=rf"{file.name} is Label Studio's own JSON"):
            open_project("P", str(file))
