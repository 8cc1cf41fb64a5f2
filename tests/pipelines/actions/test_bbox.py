"""`bbox`: bounding boxes, clipped, under new titles; and what all actions that change a class's shape share."""

import re

import pytest
from hypothesis import given

from pipelines.actions.base import Notes
from pipelines.actions.bbox import Bbox
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.meta import ClassSpec, Meta, MetaConflict
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import shapes
from tests.support import mask_of, tiny_sample


def boxes(*shapes: Shape, mapping: dict[str, str] | None = None) -> list[Shape]:
    sample = tiny_sample([Figure("car", shape) for shape in shapes])
    (found,) = Bbox.from_settings({"classes_mapping": mapping or {"car": "box"}}).apply(sample, None)
    return [figure.shape for figure in found.figures]


def test_a_mask_box_ends_after_its_last_pixel():
    assert boxes(Bitmap(3, 2, mask_of("#....", ".....", ".....", "....#"))) == [Rectangle(3, 2, 8, 6)]


def test_vector_boxes_are_not_rounded_and_count_holes():
    assert boxes(Polygon([(1.5, 2), (7, 3), (4, 9.25)])) == [Rectangle(1.5, 2, 7, 9.25)]
    assert boxes(Polygon([(5, 5), (9, 5), (9, 9)], ([(2, 6), (6, 6), (6, 8)],))) == [Rectangle(2, 5, 9, 9)]


def test_boxes_are_clipped_to_the_image():
    assert boxes(Polygon([(-5, 30), (70, 30), (70, 99)])) == [Rectangle(0, 30, 60, 40)]
    assert boxes(Polygon([(-5, 30), (-1, 30), (-1, 35)])) == []


def test_shapes_without_extent_have_no_box():
    assert boxes(Point(4, 4), Line([(3, 3), (9, 3)]), Line([(3, 3), (9, 4)])) == [Rectangle(3, 3, 9, 4)]


@given(shapes)
def test_a_box_is_missing_only_where_there_is_no_extent(shape):
    left, top, right, bottom = shape.bounds
    found = boxes(shape)
    assert len(found) == (right > left and bottom > top)
    assert all(box.bounds == (left, top, right, bottom) for box in found), "the shapes lie inside of the image"


# ---------------------------------------------------------------- what all conversions share


def meta_after(meta: Meta, mapping: dict[str, str]) -> tuple[Meta, list[str]]:
    notes = Notes()
    found = Bbox.from_settings({"classes_mapping": mapping}).map_meta(meta, notes)
    assert all(finding.severity == "warning" for finding in notes.findings)
    return found, [finding.message for finding in notes.findings]


CAR = ClassSpec("car", "polygon", "#ff0000")
ROAD = ClassSpec("road", "bitmap", "#00ff00")
BOX = ClassSpec("box", "rectangle", "#0000ff", {"hotkey": "b"})


def test_a_new_class_takes_the_place_and_the_colour_of_its_first_source():
    found, _ = meta_after(Meta((CAR, BOX, ROAD)), {"road": "frame", "car": "frame"})
    assert found.classes == (ClassSpec("frame", "rectangle", "#ff0000"), BOX)


def test_the_same_title_is_allowed_and_changes_its_shape():
    found, _ = meta_after(Meta((CAR, ROAD)), {"car": "car", "road": "road"})
    assert [(spec.title, spec.shape, spec.color) for spec in found.classes] == [
        ("car", "rectangle", "#ff0000"),
        ("road", "rectangle", "#00ff00"),
    ]


def test_titles_can_be_exchanged():
    found, _ = meta_after(Meta((CAR, ROAD)), {"car": "road", "road": "car"})
    assert [(spec.title, spec.color) for spec in found.classes] == [("road", "#ff0000"), ("car", "#00ff00")]


def test_a_class_that_is_there_with_the_shape_absorbs_the_new_one_and_keeps_its_description():
    assert meta_after(Meta((CAR, BOX)), {"car": "box"})[0].classes == (BOX,)
    assert meta_after(Meta((BOX, CAR)), {"car": "box"})[0].classes == (BOX,)


@pytest.mark.parametrize("classes", [(CAR, ROAD), (ROAD, CAR)])
def test_a_class_that_is_there_with_another_shape_is_a_conflict(classes):
    with pytest.raises(MetaConflict, match="class 'road' is a "):
        meta_after(Meta(classes), {"car": "road"})


def test_an_unknown_class_is_a_warning_and_adds_nothing():
    found, (message,) = meta_after(Meta((CAR,)), {"cars": "box"})
    assert found == Meta((CAR,))
    assert message == "no class 'cars' arrives here (did you mean 'car'?); the classes that do: car"


@pytest.mark.parametrize("mapping", [{"car": "__ignore__"}, {"car": "__default__"}, {"__other__": "box"}])
def test_words_of_other_mappings_are_refused(mapping):
    (finding,) = Bbox.from_settings({"classes_mapping": mapping}).problems()
    (title,) = mapping
    word = title if title.startswith("__") else mapping[title]
    assert finding.path == ("classes_mapping", title)
    assert finding.message == (
        f"{word!r} has no meaning where figures get another shape; write titles of classes, "
        "leave out the classes that stay, and drop others with drop_obj_by_class"
    )


def test_figures_keep_their_place_and_what_people_attached():
    attached = (Tag("rusty"),), "a wreck", {"priority": 1}
    before = [
        Figure("tree", Point(1, 1)),
        Figure("car", Line([(1, 2), (5, 4)]), *attached),
        Figure("tree", Point(2, 2)),
    ]
    (found,) = Bbox.from_settings({"classes_mapping": {"car": "box"}}).apply(tiny_sample(before), None)
    assert found.figures == (before[0], Figure("box", Rectangle(1, 2, 5, 4), *attached), before[2])


def test_exchanged_titles_are_looked_up_once():
    before = [Figure("a", Rectangle(0, 0, 1, 1)), Figure("b", Rectangle(0, 0, 2, 2))]
    (found,) = Bbox.from_settings({"classes_mapping": {"a": "b", "b": "a"}}).apply(tiny_sample(before), None)
    assert [figure.title for figure in found.figures] == ["b", "a"]


def test_every_shape_has_a_box_so_no_class_is_doubted():
    meta = Meta(tuple(ClassSpec(kind, kind) for kind in ("bitmap", "polygon", "rectangle", "line", "point")))
    assert meta_after(meta, dict.fromkeys(meta.titles, "box"))[1] == []


def test_the_warning_names_the_nearest_class():
    _, (message,) = meta_after(Meta((ROAD,)), {"rod": "box"})
    assert re.search(r"did you mean 'road'\?", message)
