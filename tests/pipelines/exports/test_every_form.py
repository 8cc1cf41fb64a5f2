"""Properties of every form there is: one joins by registering itself, with its own test's reader to say what was written."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import fsspec
import numpy as np
import pytest

from pipelines.commands import unpack as command
from pipelines.commands.unpack import form_table
from pipelines.exports import FORMS, RECORD, Folder, base
from pipelines.formats import storage
from pipelines.formats.shards import META, open_dataset
from pipelines.sources import open_project, voc
from tests.pipelines.exports.example import FIGURES, NAMES, Image, changed_index, images_of, reader_of
from tests.support import drawn, tree

ROOT = Path(__file__).resolve().parents[3]
RECORDED = sorted(word for word, form in FORMS.items() if form.has_record)


@pytest.fixture(params=sorted(FORMS))
def word(request) -> str:
    return request.param


@pytest.fixture
def unpacked(unpack, word, tmp_path) -> tuple[Path, str]:
    """The folder with the example's files, and what was said."""
    said = unpack(tmp_path / "unpacked", word)
    assert said.code == 0, said.err
    return tmp_path / "unpacked", said.out


def titles_of(images: list[Image]) -> Counter[str]:
    return Counter(title for image in images for title, _ in image.objects)


def counted(said: str, what: str) -> Counter[str]:
    """Numbers by class, tag or field in the lines about `what`: `objects left out: 14 (neg 7, pos 7): ...`."""
    found: Counter[str] = Counter()
    for line in said.splitlines():
        if match := re.fullmatch(rf"{what}: ([\d,]+) \((.*)\): .+", line):
            own = Counter({title: int(n) for title, n in (part.rsplit(" ", 1) for part in match[2].split(", "))})
            assert own.total() == int(match[1])
            found += own
    return found


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(one & other) / max(np.count_nonzero(one | other), 1)


def test_what_was_said_first_is_what_is_there(unpacked):
    root, said = unpacked
    assert said.splitlines()[0] == f"{len(NAMES)} samples in 3 datasets (photos, train, val): {root}"


def test_every_image_is_there_once_byte_for_byte(unpacked, word, dataset):
    root, _ = unpacked
    expected = Counter(image.content for image in images_of(dataset))
    assert len(expected) == len(NAMES)
    assert Counter(image.content for image in reader_of(word)(root)) == expected


def test_no_file_overwrites_another_one_anywhere(unpacked, word):
    """Neither here nor on a disk that does not tell capitals from small letters; a Supervisely project is as it always was."""
    files = [path.relative_to(unpacked[0]).as_posix() for path in unpacked[0].rglob("*") if path.is_file()]
    assert len({file if word == "supervisely" else file.casefold() for file in files}) == len(files)


def test_no_object_is_lost_without_a_word(unpacked, word, dataset):
    root, said = unpacked
    found = titles_of(reader_of(word)(root))
    assert found + counted(said, "objects left out") == titles_of(images_of(dataset))
    assert found["thing"] > 0


def test_every_object_lies_where_it_lay(unpacked, word, dataset):
    """The exact pixels are what each form's own test asks for; none is moved, mirrored or of another image."""
    expected = {image.content: image.objects for image in images_of(dataset)}
    for image in reader_of(word)(unpacked[0]):
        rest = [(title, mask) for title, mask in expected[image.content] if mask.any() or word == "supervisely"]
        for title, mask in image.objects:
            best = max(range(len(rest)), key=lambda n: (rest[n][0] == title, iou(rest[n][1], mask)))
            assert rest[best][0] == title
            assert np.count_nonzero(rest[best][1] & mask) >= 0.8 * np.count_nonzero(mask)
            del rest[best]


def test_tags_descriptions_and_fields_are_there_or_named(unpacked):
    root, said = unpacked
    texts = "".join(path.read_text() for path in root.rglob("*") if path.suffix in (".json", ".txt", ".yaml"))
    for tag, total in (("night", 4), ("worn", 7)):
        lost = counted(said, "tags of images left out") + counted(said, "tags of objects left out")
        assert lost[tag] in (0, total)
        assert f'"name":"{tag}"' in texts or lost[tag]
    for field, value, total in (("weather", "dry", 8), ("labelerLogin", "me", 7), ("description", "cracked", 8)):
        lost = counted(said, "further fields left out")
        assert lost[field] in (0, total)
        assert f'"{value}"' in texts or lost[field]


def test_what_was_said_is_kept_beside_the_files(unpacked, word, dataset):
    root, said = unpacked
    if not FORMS[word].has_record:
        assert not (root / RECORD).exists()
        return
    record = json.loads((root / RECORD).read_text())
    assert record["notes"] == said.splitlines()[1:]
    assert record["form"] == word
    assert record["complete"] is True
    assert (record["dataset"], record["samples"], record["digest"]) == ("out", len(NAMES), dataset.digest)
    assert record["licences"] == {"P": ["CC-BY-4.0"]}
    line = next((line for line in record["notes"] if line.startswith("images renamed")), "")
    renamed = sum(map(len, record["renamed"].values()))
    assert line.startswith(f"images renamed: {renamed} (") == bool(renamed)


def test_the_same_dataset_gives_the_same_files(unpacked, unpack, word, tmp_path):
    unpack(tmp_path / "again", word)
    assert tree(tmp_path / "again") == tree(unpacked[0])


def test_it_is_written_to_any_file_system(unpacked, unpack, word):
    target = fsspec.filesystem("memory")
    try:
        assert unpack("memory://exports/deep/down", word).code == 0
        refused = unpack("memory://exports/deep/down", word)
        assert refused.code == 2
        assert "memory://exports/deep/down is not empty" in refused.err
        assert unpack("memory://exports/deep/down", word, "--overwrite").code == 0
        prefix = "/exports/deep/down/"
        found = {path.removeprefix(prefix): target.cat(path) for path in target.find(prefix)}
        assert found == tree(unpacked[0])
    finally:
        target.rm("/exports", recursive=True)


def test_our_own_layout_reads_the_same_objects(unpacked, word):
    root, _ = unpacked
    if not FORMS[word].layout:
        pytest.skip("no layout of ours reads it")
    project = open_project("P", str(root))
    assert project.layout == FORMS[word].layout
    expected = {image.content: image.objects for image in reader_of(word)(root)}
    seen = 0
    for dataset in project.datasets:
        for item in project.items(dataset):
            annotation = project.read(item)
            seen += 1
            objects = expected[Path(item.image).read_bytes()]
            assert [figure.title for figure in annotation.figures] == [title for title, _ in objects]
            for figure, (_, mask) in zip(annotation.figures, objects, strict=True):
                if mask.any():
                    assert np.array_equal(drawn(figure.shape, annotation.size), mask)
    assert seen == len(NAMES)


@pytest.mark.parametrize("before", sorted(FORMS))
def test_a_folder_that_is_not_empty_is_refused_and_overwritten_when_asked(unpacked, unpack, word, tmp_path, before):
    there = tmp_path / "there"
    unpack(there, before)
    files = tree(there)
    said = unpack(there, word)
    assert said.code == 2
    assert f"{there} is not empty (" in said.err
    assert "); name another folder, or replace its project with --overwrite" in said.err
    assert tree(there) == files
    assert unpack(there, word, "--overwrite").code == 0
    assert tree(there) == tree(unpacked[0])


def test_foreign_files_are_never_removed(unpacked, unpack, word):
    root, _ = unpacked
    inner = next(path for path in sorted(root.iterdir()) if path.is_dir())
    for foreign in (root / "notes.txt", inner / "notes.txt"):
        foreign.write_text("mine")
        before = tree(root)
        said = unpack(root, word, "--overwrite")
        assert said.code == 2
        name = foreign.relative_to(root).parts[0]
        assert f"{root} holds files that are no unpacked project's ({name}); name another folder" in said.err
        assert tree(root) == before
        foreign.unlink()
    assert unpack(root, word, "--overwrite").code == 0


@pytest.mark.parametrize("word", RECORDED, indirect=True)
def test_what_has_no_record_is_somebody_elses(unpacked, unpack, word):
    """Data in the same form that no unpack wrote: nobody would want it replaced."""
    root, _ = unpacked
    for text in (None, "[]", "{", '{"form": "paper"}', '{"form": ["coco"]}', '{"form": "supervisely"}'):
        (root / RECORD).unlink() if text is None else (root / RECORD).write_text(text)
        before = tree(root)
        said = unpack(root, word, "--overwrite")
        assert said.code == 2
        assert "holds files that are no unpacked project's" in said.err
        assert tree(root) == before


@pytest.mark.parametrize("written", [0, 5])
def test_what_was_begun_can_be_told_and_done_again(unpacked, unpack, word, tmp_path, monkeypatch, written):
    root = tmp_path / "begun"
    calls = iter(range(1000))
    write = Folder.write

    def fail(self, data, *path):
        if next(calls) == written:
            raise OSError("no space left on device")
        write(self, data, *path)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", fail)
        said = unpack(root, word)
    assert (said.code, said.err.splitlines()[-1]) == (2, "no space left on device")
    if FORMS[word].has_record:
        assert json.loads((root / RECORD).read_text()) == {"form": word, "complete": False}
    else:
        assert not (root / META).exists()
    assert unpack(root, word, "--overwrite").code == 0
    assert tree(root) == tree(unpacked[0])


def test_what_was_half_removed_can_be_told_and_removed_again(unpack, word, dataset, tmp_path, monkeypatch):
    # In the order of the alphabet, the folder of this dataset would go before meta.json.
    early = changed_index(dataset, tmp_path / "early", {"dataset": ["a"] * len(NAMES)})
    root = tmp_path / "unpacked"
    unpack(root, word, of=early.root)
    before, removed = tree(root), []
    remove = storage.remove

    def fail(location):
        if removed:
            raise OSError("the disk went away")
        removed.append(location)
        remove(location)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "remove", fail)
        assert unpack(root, word, "--overwrite", of=early.root).code == 2
    assert len(tree(root)) < len(before)
    if FORMS[word].has_record:
        assert json.loads((root / RECORD).read_text())["complete"] is False
    else:
        assert not (root / META).exists()
    assert unpack(root, word, "--overwrite", of=early.root).code == 0
    assert tree(root) == before


def test_two_samples_of_one_name_are_two_images(unpack, word, dataset, tmp_path):
    count = len(NAMES)
    same = changed_index(dataset, tmp_path / "same", {"name": ["a.jpg"] * count, "dataset": ["photos"] * count})
    said = unpack(tmp_path / "unpacked", word, of=same.root)
    assert said.code == 0
    # One image is tagged val, where the form takes splits for folders.
    renamed = count - 2 if word == "yolo" else count - 1
    assert f"images renamed: {renamed} (photos/a.jpg is a_2.jpg, photos/a.jpg is a_3.jpg, " in said.out
    found = reader_of(word)(tmp_path / "unpacked")
    assert {image.content for image in found} == {image.content for image in images_of(dataset)}


@pytest.mark.parametrize("column", ["name", "dataset"])
@pytest.mark.parametrize("name", ["../outside.png", "..", "a/b.png", "a\\b.png", ""])
def test_names_that_lead_elsewhere_are_refused(unpack, word, dataset, tmp_path, column, name):
    elsewhere = changed_index(dataset, tmp_path / "elsewhere", {column: [name] * len(NAMES)})
    (tmp_path / "in").mkdir()
    said = unpack(tmp_path / "in" / "unpacked", word, of=elsewhere.root)
    assert all(file.startswith("unpacked/") for file in tree(tmp_path / "in"))
    if column == "dataset" and word == "yolo":
        assert said.code == 0, "its folders are not called after datasets"
        return
    assert said.code == 2
    assert "which would lie outside of its folder; nothing more was written" in said.err
    if column == "name":
        assert f"the index names a file {name!r}, which would" in said.err
    assert set(tree(tmp_path / "in")) <= {f"unpacked/{RECORD}"}


@pytest.mark.parametrize("word", RECORDED, indirect=True)
def test_a_dataset_without_areas_is_refused_before_anything_is_touched(unpack, word, dataset, tmp_path):
    shutil.copytree(dataset.root, tmp_path / "points")
    classes = [{"title": "pos", "shape": "point", "color": "#00ff00"}]
    (tmp_path / "points" / META).write_text(json.dumps({"classes": classes, "tags": []}))
    unpack(tmp_path / "there", word)
    before = tree(tmp_path / "there")
    said = unpack(tmp_path / "there", word, "--overwrite", of=tmp_path / "points")
    assert said.code == 2
    assert (
        f"the form {word} holds objects of the shapes bitmap, polygon, rectangle, and no class of the dataset"
        in said.err
    )
    assert f"found: pos (point). Unpack without --as {word}, or convert the objects in the graph" in said.err
    assert tree(tmp_path / "there") == before


@pytest.mark.parametrize("word", RECORDED, indirect=True)
def test_a_damaged_annotation_is_named(unpack, word, dataset, tmp_path):
    shutil.copytree(dataset.root, tmp_path / "damaged")
    row = open_dataset(str(tmp_path / "damaged")).index.to_pylist()[0]
    manifest = json.loads((tmp_path / "damaged" / "manifest.json").read_text())
    shard = tmp_path / "damaged" / manifest["shards"][row["shard"]]["file"]
    data = bytearray(shard.read_bytes())
    data[row["annotation_offset"]] = ord("]")
    shard.write_bytes(data)
    said = unpack(tmp_path / "unpacked", word, of=tmp_path / "damaged")
    assert said.code == 2
    assert f"the annotation of {row['dataset']}/{row['name']} cannot be read: " in said.err
    assert "is a shard damaged? Copy the dataset again, or run the graph again" in said.err


def test_progress_counts_every_sample(unpack, word, tmp_path, monkeypatch):
    passed = []

    def bar(samples, **options):
        assert options["total"] == len(NAMES)
        for sample in samples:
            passed.append(sample.name)
            yield sample

    monkeypatch.setattr(command, "tqdm", bar)
    unpack(tmp_path / "unpacked", word)
    assert sorted(passed) == sorted(name.split("/")[1] for name in NAMES)


def test_help_explains_it(word, capsys):
    from pipelines.__main__ import main

    with pytest.raises(SystemExit):
        main(["unpack", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for text in (FORMS[word].title, FORMS[word].files_are, FORMS[word].objects_are):
        assert " ".join(text.replace("`", "").split()) in said


def test_the_table_of_forms_in_the_docs_is_up_to_date():
    written = (ROOT / "docs" / "reference" / "datasets.md").read_text(encoding="utf-8")
    table = form_table()
    assert table in written, f"put this into docs/reference/datasets.md:\n{table}"


def test_an_unknown_form_is_refused_with_the_known_ones(unpack, tmp_path, capsys):
    with pytest.raises(SystemExit):
        unpack(tmp_path / "unpacked", "coko")
    said = capsys.readouterr().err
    assert "coko" in said
    assert all(word in said for word in FORMS)


def test_a_word_that_is_taken_is_refused():
    class Again(type(FORMS["coco"])):  # type: ignore[misc]
        word = "coco"

    with pytest.raises(ValueError, match=r"the form 'coco' of .* is taken by pipelines\.exports\.coco; choose another"):
        base.registered(Again)


def test_the_neutral_class_is_the_one_that_our_layouts_read():
    assert (base.NEUTRAL, base.VOID) == (voc.NEUTRAL, voc.VOID)


def test_the_example_has_one_of_everything():
    assert {figure.shape.kind for figure in FIGURES} == {"bitmap", "polygon", "rectangle", "line", "point"}
    assert base.NEUTRAL in {figure.title for figure in FIGURES}
