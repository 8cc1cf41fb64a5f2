"""Classes and tags: merged in order, renamed all at once, conflicts named."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.meta import ClassSpec, Meta, MetaConflict, TagSpec, color_of, complete, nearest

CAR, PERSON = ClassSpec("car", "bitmap", "#ff0000"), ClassSpec("person", "bitmap", "#00ff00")
ROAD = ClassSpec("road", "polygon", "#0000ff")
META = Meta((CAR, PERSON, ROAD), (TagSpec("night"),))


def titles(meta: Meta) -> dict[str, str]:
    return {spec.title: spec.color for spec in meta.classes}


def test_a_swap_keeps_both_classes():
    renamed = META.renamed({"car": "person", "person": "car", "road": "__default__"})
    assert titles(renamed) == {"person": "#ff0000", "car": "#00ff00", "road": "#0000ff"}
    assert renamed.tags == META.tags


def test_merged_classes_stand_where_the_first_stood_with_its_colour():
    renamed = META.renamed({"car": "thing", "person": "thing", "road": "__ignore__"})
    assert renamed.classes == (ClassSpec("thing", "bitmap", "#ff0000"),)


def test_renaming_into_a_class_that_stays_is_a_merge():
    renamed = META.renamed({"car": "__default__", "person": "car", "road": "__default__"})
    assert titles(renamed) == {"car": "#ff0000", "road": "#0000ff"}


def test_renaming_keeps_unknown_fields_of_the_class():
    meta = Meta((ClassSpec("car", "bitmap", "#ff0000", {"hotkey": "c"}),))
    assert meta.renamed({"car": "auto"}).classes[0].extra == {"hotkey": "c"}


def test_two_shapes_under_one_title_are_refused_with_both():
    text = "class 'car' is a bitmap in one place and a polygon in another; rename one of them, or convert its figures first"
    with pytest.raises(MetaConflict, match=f"^{re.escape(text)}$"):
        META.renamed({"car": "__default__", "person": "__default__", "road": "car"})
    with pytest.raises(MetaConflict, match="class 'car' is a bitmap in one place"):
        META.union(Meta((ClassSpec("car", "polygon"),)))


def test_a_union_keeps_order_and_first_colours():
    other = Meta(
        (ClassSpec("dog", "bitmap"), ClassSpec("car", "bitmap", "#123456")), (TagSpec("day"), TagSpec("night"))
    )
    both = META.union(other)
    assert [spec.title for spec in both.classes] == ["car", "person", "road", "dog"]
    assert titles(both)["car"] == "#ff0000"
    assert [tag.name for tag in both.tags] == ["night", "day"]


def test_tags_of_two_forms_are_refused():
    text = (
        "tag 'night' takes values of type none in one place and any_string in another; use one form of the tag "
        "everywhere, or "
        "another name"
    )
    with pytest.raises(MetaConflict, match=f"^{re.escape(text)}$"):
        META.with_tag(TagSpec("night", "any_string"))
    assert META.with_tag(TagSpec("night", color="#ffffff")) == META, "a colour is no difference"


def test_only_and_without_tag():
    assert META.only(["road", "car", "nothing"]).titles == ("car", "road")
    assert META.without_tag("night").tags == ()
    assert META.without_tag("day") == META


def test_lookups():
    assert META.shape_of("road") == "polygon"
    assert META.shape_of("Road") is None
    assert META.tag("night") == TagSpec("night")
    assert META.tag("day") is None


def test_a_complete_mapping_covers_the_rest_or_leaves_it_out():
    assert complete({"a": "x", "__other__": "rest", "z": "gone"}, ["a", "b"]) == {"a": "x", "b": "rest"}
    assert complete({"a": "x"}, ["a", "b"]) == {"a": "x"}
    assert complete({"a": "x"}, ["a", "b"], "__default__") == {"a": "x", "b": "__default__"}


@given(st.permutations(["a", "b", "c", "d"]))
def test_a_permutation_of_names_loses_none(names):
    meta = Meta(tuple(ClassSpec(title, "bitmap") for title in "abcd"))
    renamed = meta.renamed(dict(zip("abcd", names, strict=True)))
    assert renamed.titles == tuple(names)


def test_colours_depend_on_the_title_alone():
    assert color_of("car") == color_of("car")
    assert re.fullmatch("#[0-9a-f]{6}", color_of("car"))
    assert len({color_of(f"class {n}") for n in range(50)}) > 45
    assert ClassSpec("car", "bitmap").color == color_of("car")


def test_nearest():
    assert nearest("perso", ["car", "person"]) == " (did you mean 'person'?)"
    assert nearest("xyz", ["car", "person"]) == ""
