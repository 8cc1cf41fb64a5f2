"""`tag`: tags of the image come and go by name."""

import re

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.tag import TagImage
from pipelines.meta import Meta, TagSpec
from pipelines.tag import Tag
from tests.support import tiny_sample


def tags(settings: dict, *before: Tag) -> tuple[Tag, ...]:
    (found,) = TagImage.from_settings(settings).apply(tiny_sample(tags=before), None)
    return found.tags


def meta_tags(settings: dict, *before: TagSpec) -> list[tuple[str, str]]:
    meta = TagImage.from_settings(settings).map_meta(Meta((), before), Notes())
    return [(spec.name, spec.value_type) for spec in meta.tags]


ADD, DELETE = {"tag": "train", "action": "add"}, {"tag": "train", "action": "delete"}
VALUED = {"tag": {"name": "train", "value": "x"}, "action": "add"}


def test_add_appends():
    assert tags(ADD) == (Tag("train"),)
    assert tags(ADD, Tag("b")) == (Tag("b"), Tag("train"))
    assert tags(VALUED) == (Tag("train", "x"),)


def test_adding_the_very_tag_again_changes_nothing():
    assert tags(ADD, Tag("train"), Tag("b")) == (Tag("train"), Tag("b"))
    assert tags(VALUED, Tag("train", "x")) == (Tag("train", "x"),)


def test_another_value_fails_the_image_and_says_what_to_do():
    text = (
        "the image has the tag 'train' with the value 'y' already; it cannot get the value 'x' too. "
        "Delete the tag in a layer before"
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        tags(VALUED, Tag("train", "y"))
    with pytest.raises(ValueError, match="it cannot get the value None too"):
        tags(ADD, Tag("train", "y"))


def test_delete_goes_by_name():
    assert tags(DELETE, Tag("train", "x"), Tag("train"), Tag("b")) == (Tag("b"),)
    assert tags(DELETE) == ()


def test_tags_of_objects_are_left_alone():
    from pipelines.figures import Figure, Point

    sample = tiny_sample([Figure("p", Point(1, 1), (Tag("train"),))], (Tag("train"),))
    (found,) = TagImage.from_settings(DELETE).apply(sample, None)
    assert found.figures[0].tags == (Tag("train"),)
    assert found.tags == ()


def test_the_meta_follows():
    assert meta_tags(ADD) == [("train", "none")]
    assert meta_tags(VALUED) == [("train", "any_string")]
    assert meta_tags(ADD, TagSpec("train")) == [("train", "none")]
    assert meta_tags(DELETE, TagSpec("train", "any_string"), TagSpec("b")) == [("b", "none")]
