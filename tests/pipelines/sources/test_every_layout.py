"""Properties of every layout there is: one joins by registering itself, with its own test's example as the project to try."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from pipelines.annotation import Annotation
from pipelines.commands.layouts import layout_table
from pipelines.execute.reading import list_images
from pipelines.formats import storage
from pipelines.sources import LAYOUTS, BadItem, Item, Project, SourceError, layout_words, open_project
from tests.pipelines.sources.example import Example, example_of
from tests.support import chain, compiled, run

ROOT = Path(__file__).resolve().parents[3]
WORDS = layout_words()
LABELLED = [word for word in WORDS if LAYOUTS[word].has_labels]


@pytest.fixture(params=WORDS)
def word(request) -> str:
    return request.param


@pytest.fixture
def example(word, tmp_path) -> Example:
    return example_of(word)(tmp_path / "project")


def items_of(project: Project) -> Iterator[tuple[str, Item]]:
    """Every image as (dataset/file, item), in the order in which they are listed."""
    for dataset in project.datasets:
        for item in project.items(dataset):
            yield f"{dataset}/{item.file}", item


def titles_of(annotation: Annotation) -> Counter[str]:
    return Counter(figure.title for figure in annotation.figures)


def test_its_example_is_worth_trying(word, example):
    assert len(example.titles) >= 2
    assert any(example.titles.values()) == LAYOUTS[word].has_labels


def test_it_is_found_out_and_nothing_else_fits(word, example):
    assert open_project("P", str(example.location)).layout == word
    same = [name for name in WORDS if LAYOUTS[name].matches(str(example.location))]
    assert [name for name in same if LAYOUTS[name].has_labels == LAYOUTS[word].has_labels] == [word]


def test_it_can_be_given_by_name(word, example):
    given, found = (open_project("P", f"{prefix}{example.location}") for prefix in (f"{word}:", ""))
    assert given == found


def test_an_empty_folder_is_refused_in_words(word, tmp_path):
    (tmp_path / "empty").mkdir()
    assert not LAYOUTS[word].matches(str(tmp_path / "empty"))
    with pytest.raises(SourceError, match="empty") as caught:
        open_project("P", f"{word}:{tmp_path}/empty")
    assert len(str(caught.value)) > len(str(tmp_path)) + 20


def test_what_is_listed_is_what_the_example_says(example):
    project = open_project("P", str(example.location))
    listed = [place for place, _ in items_of(project)]
    assert sorted(listed) == sorted(example.titles)
    for dataset in project.datasets:
        files = [item.file for item in project.items(dataset)]
        assert files == sorted(set(files))


def test_annotations_are_what_the_example_says(example):
    project = open_project("P", str(example.location))
    for place, item in items_of(project):
        annotation = project.read(item)
        assert annotation.size == example.size
        assert titles_of(annotation) == Counter(example.titles[place])
        assert set(titles_of(annotation)) <= set(project.meta.titles)
        for figure in annotation.figures:
            canvas = np.zeros(annotation.size, np.uint8)
            figure.shape.draw(canvas, 1)
            assert canvas.any()


def test_tags_are_known_without_pictures(example):
    project = open_project("P", str(example.location))
    known = {
        f"{dataset}/{file}": sorted(names)
        for dataset in project.datasets
        for file, names in project.tags(dataset).items()
        if names
    }
    assert known == {place: sorted(names) for place, names in example.tags.items() if names}


def test_workers_get_it_whole(example):
    project = open_project("P", str(example.location))
    again = pickle.loads(pickle.dumps(project))
    assert again == project
    for (_, item), (_, same) in zip(items_of(project), items_of(again), strict=True):
        assert again.read(same) == project.read(item)


def test_it_is_read_through_any_file_system(example):
    target = fsspec.filesystem("memory")
    for path in sorted(example.location.rglob("*")):
        if path.is_file():
            target.pipe(f"/layouts/{example.location.name}/{path.relative_to(example.location)}", path.read_bytes())
    try:
        local, remote = (
            open_project("P", str(example.location)),
            open_project("P", f"memory://layouts/{example.location.name}"),
        )
        assert remote.layout == local.layout
        expected = {place: local.read(item) for place, item in items_of(local)}
        assert {place: remote.read(item) for place, item in items_of(remote)} == expected
    finally:
        target.rm("/layouts", recursive=True)


def test_files_of_macos_change_nothing(example):
    """A stick or an archive from macOS has a `._NAME` of a few kilobytes beside each file."""
    for path in sorted(example.location.rglob("*")):
        if path.is_file():
            (path.parent / f"._{path.name}").write_bytes(b"\0\5\x16\7" + bytes(200))
    (example.location / "__MACOSX").mkdir()
    (example.location / "__MACOSX" / "._x.jpg").write_bytes(b"\0")
    (example.location / ".DS_Store").write_bytes(b"\0")
    project = open_project("P", str(example.location))
    result = run(chain(), {"P": project})
    assert len(result.samples) == len(example.titles)
    assert not result.failures


def test_nothing_of_its_example_is_passed_over(example):
    projects = {"P": open_project("P", str(example.location))}
    assert list_images(compiled(chain(), projects), projects).passed_over == {}
    assert not run(chain(), projects).counts["data $0"].left_out


def file_of(address: str) -> Path:
    """The file that an address is, or a part of."""
    return Path(address.partition("#bytes=")[0])


@pytest.mark.parametrize("left", [0, 10])
def test_a_damaged_picture_costs_that_image_alone(example, left):
    if open_project("P", str(example.location)).layout == "shards":
        pytest.skip("its pictures lie in one file")
    project = open_project("P", str(example.location))
    (_, first), *others = items_of(project)
    path = file_of(first.image)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BadItem) as caught:
        project.read(first)
    assert path.name in str(caught.value)
    for place, item in others:
        assert titles_of(project.read(item)) == Counter(example.titles[place])


def test_a_missing_picture_costs_that_image_alone(example):
    project = open_project("P", str(example.location))
    (_, first), *others = items_of(project)
    if file_of(first.image) in map(file_of, others[0][1].labels):
        pytest.skip("its pictures lie in one file")
    file_of(first.image).unlink()
    with pytest.raises(BadItem, match="does not exist"):
        project.read(first)
    for _, item in others:
        project.read(item)


@pytest.mark.parametrize("word", LABELLED, indirect=True)
@pytest.mark.parametrize("damage", ["empty", "half", "noise"])
def test_damaged_labels_are_an_error_and_never_fewer_objects(example, damage):
    """Whatever is left of a file of labels: its images fail in words, or it makes no difference."""
    project = open_project("P", str(example.location))
    (place, item), *_ = items_of(project)
    if not item.labels:
        pytest.skip("the first image has no file of labels")
    path = file_of(item.labels[0])
    data = path.read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, len(data), np.uint8).tobytes()
    path.write_bytes({"empty": b"", "half": data[: len(data) // 2], "noise": noise}[damage])
    try:
        found = titles_of(project.read(item))
    except ValueError as error:
        found, said = None, str(error)
    assert found == Counter(example.titles[place]) if found is not None else len(said) > 10


def test_a_graph_runs_on_it(word, example):
    project = open_project("P", str(example.location))
    result = run(chain(), {"P": project})
    assert len(result.samples) == len(example.titles)
    assert not result.failures


def test_its_row_in_the_table_of_layouts_is_up_to_date():
    written = (ROOT / "docs" / "reference" / "datasets.md").read_text(encoding="utf-8")
    table = layout_table()
    assert table in written, (
        f"put the output of `python -m pipelines layouts --markdown` into docs/reference/datasets.md:\n{table}"
    )


def test_a_layout_of_a_name_that_is_taken_is_refused():
    from pipelines.sources.base import registered

    class Again(LAYOUTS["voc"]):  # type: ignore[misc]
        layout = "voc"

    with pytest.raises(
        ValueError, match=r"Again: the word 'voc' is pipelines\.sources\.voc\.Voc's; a word names one layout"
    ):
        registered(Again)


def test_a_part_of_a_file_that_is_not_there_whole_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert storage.read_bytes(storage.byte_range(str(tmp_path / "file"), 2, 8)) == b"23456789"
    with pytest.raises(storage.CutOff, match="file is cut off: of bytes 2 to 12 there are 8"):
        storage.read_bytes(storage.byte_range(str(tmp_path / "file"), 2, 10))
