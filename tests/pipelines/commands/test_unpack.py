"""`unpack`: every byte of the shards as files, and what is refused; `tests/pipelines/exports` has what holds for every form."""

import json
import tarfile

import pytest

from pipelines.commands import unpack
from pipelines.formats.supervisely import parse_annotation, read_meta
from pipelines.sources import bind


def files_below(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_files_are_those_of_the_shards(workspace, command, tmp_path):
    said = command("unpack", workspace.crops, tmp_path / "project")
    samples = workspace.manifest["samples"]
    assert said.out == f"{samples} samples in 1 dataset (photos): {tmp_path / 'project'}\n"
    expected = {"meta.json": (workspace.crops / "crops" / "meta.json").read_bytes()}
    for shard in (workspace.crops / "crops").glob("*.tar"):
        with tarfile.open(shard) as archive:
            expected |= {member.name: archive.extractfile(member).read() for member in archive}
    found = files_below(tmp_path / "project")
    assert found.keys() == expected.keys()
    assert len(found) == 2 * samples + 1
    assert json.loads(found.pop("meta.json")) == json.loads(expected.pop("meta.json"))
    assert found == expected


def test_the_result_is_a_project_again(workspace, command, tmp_path):
    command("unpack", workspace.plain, tmp_path / "project")
    project = bind([f"Again={tmp_path / 'project'}"])["Again"]
    assert project.layout == "supervisely"
    items = list(project.items("photos"))
    assert [item.file for item in items] == ["first.png", "second.png", "third.png"]
    assert [figure.title for figure in project.read(items[0]).figures] == ["obj", "pos", "neg"]
    meta = read_meta(json.loads((tmp_path / "project" / "meta.json").read_text()))
    text = (tmp_path / "project" / "photos" / "ann" / "first.png.json").read_text()
    assert parse_annotation(json.loads(text), meta).size == (224, 224)


def test_a_folder_that_is_not_empty_is_refused(workspace, command, tmp_path):
    command("unpack", workspace.crops, tmp_path / "project")
    before = files_below(tmp_path / "project")
    said = command("unpack", workspace.plain, tmp_path / "project")
    assert said.code == 2
    assert "is not empty (meta.json, photos); name another folder, or replace its project with --overwrite" in said.err
    assert files_below(tmp_path / "project") == before


def test_overwrite_leaves_nothing_of_the_project_before(workspace, command, tmp_path):
    command("unpack", workspace.crops, tmp_path / "project")
    assert command("unpack", workspace.plain, tmp_path / "project", "--overwrite").code == 0
    assert len(files_below(tmp_path / "project")) == 7


@pytest.mark.parametrize("foreign", ["notes.txt", "photos/notes.txt"])
def test_overwrite_removes_no_foreign_file(workspace, command, tmp_path, foreign):
    (tmp_path / "photos").mkdir()
    (tmp_path / foreign).write_text("mine")
    said = command("unpack", workspace.plain, tmp_path, "--overwrite")
    assert said.code == 2
    assert f"holds files that are no unpacked project's ({foreign.partition('/')[0]}); name another folder" in said.err
    assert (tmp_path / foreign).read_text() == "mine"


def test_the_dataset_itself_is_never_written_to(workspace, command):
    before = files_below(workspace.plain)
    said = command("unpack", workspace.plain, workspace.plain / "plain", "--overwrite")
    assert said.code == 2
    assert "holds files that are no unpacked project's" in said.err
    assert files_below(workspace.plain) == before


def test_a_file_is_no_folder(workspace, command, tmp_path):
    (tmp_path / "taken").write_text("mine")
    said = command("unpack", workspace.plain, tmp_path / "taken", "--overwrite")
    assert said.code == 2
    assert "taken is a file; name a folder that does not exist yet" in said.err


def test_meta_comes_last(workspace, command, tmp_path, monkeypatch):
    def fail(location, data):
        raise OSError("no space left on device")

    monkeypatch.setattr(unpack.storage, "write_bytes", fail)
    said = command("unpack", workspace.plain, tmp_path / "project")
    assert (said.code, said.err.splitlines()[-1]) == (2, "no space left on device")
    assert not (tmp_path / "project" / "meta.json").exists()
    assert len(files_below(tmp_path / "project")) == 6


def test_pictures_that_a_layer_saved_are_unpacked_too(workspace, command, tmp_path):
    layers = [
        {"action": "data", "src": ["Tiny/*"], "dst": "$in", "settings": {"classes_mapping": "default"}},
        {"action": "save", "src": ["$in"], "dst": "shown", "settings": {"visualize": True}},
    ]
    (tmp_path / "graph.json").write_text(json.dumps(layers))
    out, plain = tmp_path / "out", tmp_path / "plain"
    assert command("run", tmp_path / "graph.json", "--project", workspace.project, "--output", out).code == 0
    for more in ((), ("--overwrite",)):
        assert command("unpack", out, plain, *more).code == 0
        images = sorted(path.stem for path in plain.glob("*/img/*"))
        assert images
        assert sorted(path.stem for path in plain.glob("*/visualize/*.png")) == images


@pytest.mark.parametrize(("kinds", "lines"), [((), 0), (("masks_machine", "masks_human"), 1), (("masks_human",), 1)])
def test_pictures_that_another_form_has_no_place_for_are_counted(workspace, command, tmp_path, kinds, lines):
    settings = {kind: kind in kinds for kind in ("masks_machine", "masks_human")}
    settings |= {"gt_machine_color": {"obj": [1, 1, 1]}, "gt_human_color": {"obj": [255, 0, 0]}}
    layers = [
        {"action": "data", "src": ["Tiny/*"], "dst": "$in", "settings": {"classes_mapping": "default"}},
        {"action": "save_masks", "src": ["$in"], "dst": "shown", "settings": settings}
        if kinds
        else {"action": "save", "src": ["$in"], "dst": "shown", "settings": {}},
    ]
    (tmp_path / "graph.json").write_text(json.dumps(layers))
    assert (
        command("run", tmp_path / "graph.json", "--project", workspace.project, "--output", tmp_path / "out").code == 0
    )
    said = command("unpack", tmp_path / "out", tmp_path / "plain", "--as", "coco").out
    found = [line for line in said.splitlines() if line.startswith("pictures left out")]
    assert len(found) == lines
    for line in found:
        named = ", ".join(f"{kind} 3" for kind in sorted(kinds))
        assert line == f"pictures left out: {3 * len(kinds)} ({named}): only the form supervisely has them"
