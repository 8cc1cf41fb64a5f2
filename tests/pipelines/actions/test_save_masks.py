"""`save_masks`: masks in the colours that were asked for, for machines and for people."""

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.save_masks import SaveMasks
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from pipelines.meta import ClassSpec, Meta
from tests.support import compiled, layer, tiny_sample

MACHINE = {"masks_machine": True, "masks_human": False, "gt_machine_color": {"car": [7, 8, 9], "pt": [1, 2, 3]}}
SAMPLE = tiny_sample(
    [
        Figure("car", Rectangle(1, 1, 4, 3)),
        Figure("bus", Bitmap(0, 0, np.ones((9, 9), bool))),
        Figure("pt", Point(4, 3)),
    ]
)
GREY = np.full((40, 60, 3), 101, np.uint8)


def pictures(settings: dict) -> dict[str, np.ndarray]:
    action = SaveMasks.from_settings(settings)
    assert not list(action.problems())
    return dict(action.pictures(SAMPLE, GREY, Meta()))


def problems(settings: dict) -> list[str]:
    return [finding.message for finding in SaveMasks.from_settings(settings).problems()]


def test_machine_masks_are_plain_colours_on_black():
    found = pictures(MACHINE)
    assert list(found) == ["masks_machine"]
    mask = found["masks_machine"]
    assert mask.shape == (40, 60, 3)
    assert mask[2, 2].tolist() == [7, 8, 9]
    assert mask[3, 4].tolist() == [1, 2, 3]
    assert mask.any(axis=2).sum() == 12  # the bus has no colour, so it is not there


def test_human_masks_fill_every_shape_over_the_image():
    found = pictures({"masks_machine": False, "masks_human": True, "gt_human_color": {"car": [0, 0, 0]}})
    assert list(found) == ["masks_human"]
    shown = found["masks_human"][:, 61:]
    assert shown[2, 2].tolist() == [51, 51, 51]
    assert (shown != 101).any(axis=2).sum() == 12


def test_both_at_once():
    settings = {"masks_machine": True, "masks_human": True, "gt_machine_color": {}, "gt_human_color": {}}
    assert list(pictures(settings)) == ["masks_machine", "masks_human"]


def test_what_is_missing_is_said():
    neither = {"masks_machine": False, "masks_human": False}
    assert problems(neither) == [
        'neither "masks_machine" nor "masks_human" is true; set one of them, or save with the action "save"'
    ]
    assert problems({"masks_machine": True, "masks_human": True, "gt_machine_color": {}}) == [
        'masks_human needs colours: "gt_human_color": {"class": [red, green, blue], ...}'
    ]


@pytest.mark.parametrize("color", [[1, 2], [1, 2, 3, 4], [1, 2, 256], [-1, 0, 0], [1.0, 2, 3], [True, 0, 0], "#fff", 7])
def test_colours_of_another_form_are_refused(color):
    settings = MACHINE | {"gt_machine_color": {"car": color}}
    graph = [layer("data", ["P/*"], "$0", {"classes_mapping": "default"}), layer("save_masks", ["$0"], "out", settings)]
    with pytest.raises(ValueError, match=r"a colour is three whole numbers from 0 to 255: \[red, green, blue\]"):
        compiled(graph)


def test_classes_that_do_not_arrive_are_pointed_out():
    notes = Notes()
    SaveMasks.from_settings(MACHINE).map_meta(Meta((ClassSpec("car", "rectangle"), ClassSpec("ptt", "point"))), notes)
    (finding,) = notes.findings
    assert (finding.path, finding.severity) == (("gt_machine_color",), "warning")
    assert finding.message.startswith("no class 'pt' arrives here (did you mean 'ptt'?)")
