"""Files of a dataset: what is a picture, and what it is called."""

import pytest

from pipelines.sources.base import BadItem, SourceError
from pipelines.sources.files import (
    below,
    counted,
    distinct_names,
    is_picture,
    may_be_folder,
    normal,
    require_readable,
    shown_size,
)
from tests.support import coordinates, png


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "x/y.png", "scan.tif", "photo.jfif", "photo.HEIC", "b.gif"])
def test_pictures(name):
    assert is_picture(name)


@pytest.mark.parametrize("name", ["a.txt", "._a.jpg", "x/._a.jpg", ".DS_Store", "jpg", "a.jpg.txt"])
def test_no_pictures(name):
    assert not is_picture(name)


def test_what_may_be_a_folder():
    assert all(map(may_be_folder, ("train", "v1.2", "lot.2024")))
    assert not any(map(may_be_folder, ("a.jpg", "a.TXT", "a.json", ".git", "a.gif")))


def test_a_picture_that_is_not_read_is_said():
    require_readable("x/a.PNG")
    with pytest.raises(
        BadItem, match=r"x/a\.jfif ends in '\.jfif', which is not read; convert it to one of \.jpg, .*rename"
    ):
        require_readable("x/a.jfif")
    with pytest.raises(BadItem, match=r"a\.heic ends in '\.heic'.*\.tiff$"):
        require_readable("a.heic")


def test_a_picture_that_is_not_there_is_said_whatever_its_name(tmp_path):
    for name in ("a.jpg", "a.gif", "a"):
        with pytest.raises(BadItem, match=f"the image {tmp_path}/{name} does not exist: sorry$"):
            shown_size(f"{tmp_path}/{name}", ": sorry")
    (tmp_path / "a.gif").write_bytes(b"")
    with pytest.raises(BadItem, match=r"ends in '\.gif'"):
        shown_size(f"{tmp_path}/a.gif")
    (tmp_path / "a.png").write_bytes(png(coordinates((20, 30))))
    assert shown_size(f"{tmp_path}/a.png") == (20, 30)


def test_all_files_below_a_folder_but_hidden_ones(tmp_path):
    for path in ("b.jpg", "a/c.jpg", "a/d/e.txt", ".git/f.jpg", "a/._c.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    assert below(str(tmp_path)) == below(f"{tmp_path}/") == ["a/c.jpg", "a/d/e.txt", "b.jpg"]
    assert below(f"{tmp_path}/none") == below(f"{tmp_path}/b.jpg") == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("data/x/../y/./a.jpg", "data/y/a.jpg"),
        ("data\\y\\a.jpg", "data/y/a.jpg"),
        ("gs://bucket/x/../y", "gs://bucket/y"),
        ("/data//y", "/data/y"),
    ],
)
def test_addresses_without_detours(address, expected):
    assert normal(address) == expected


def test_names_are_the_files_own_where_they_can_be():
    assert distinct_names(["gs://b/x/a.jpg", "gs://b/y/c.jpg"], "P") == ["a.jpg", "c.jpg"]
    assert distinct_names(["gs://b/x1/a.jpg", "gs://b/x2/a.jpg", "gs://b/x2/z/c.jpg"], "P") == [
        "x1_a.jpg",
        "x2_a.jpg",
        "x2_z_c.jpg",
    ]
    assert distinct_names([], "P") == []


def test_names_that_meet_all_the_same_are_said():
    with pytest.raises(
        SourceError, match=r"P: d/x_y/a\.jpg and d/x/y_a\.jpg would both be the image 'x_y_a\.jpg'; rename"
    ):
        distinct_names(["d/x_y/a.jpg", "d/x/y_a.jpg", "d/a.jpg", "d/z/a.jpg"], "P")


def test_problems_are_counted():
    assert counted(["a", "b"]) == "a; b"
    assert counted("abcde") == "a; b; c; and 2 more"
