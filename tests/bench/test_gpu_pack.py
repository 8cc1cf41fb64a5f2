"""What is packed for a bare GPU machine: parts that are small enough, each file once, and clear words where that fails."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gpu_pack
import pytest
from gpu_pack import MIB, PackError, Pool, check, dealt, pool_of, project_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.formats.shards import open_dataset
from tests.support import write_tiny_voc

SIZES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10), max_size=5)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), SIZES, max_size=4), st.integers(10, 30))
@settings(max_examples=80, deadline=None)
def test_every_file_is_in_one_part_and_no_part_is_too_large(datasets: dict[str, dict[str, int]], limit: int):
    parts = dealt(datasets, limit)
    assert [file for part in parts for file in part] == [(name, file) for name in datasets for file in datasets[name]]
    loads = [sum(datasets[name][file] for name, file in part) for part in parts]
    assert all(load <= limit for load in loads)
    # No file had room in the part before it
    for load, part in zip(loads, parts[1:], strict=False):
        name, file = part[0]
        assert load + datasets[name][file] > limit


def test_a_file_that_fits_nowhere_is_named():
    with pytest.raises(
        PackError, match=r"pets/a.tar has 3.0 MiB, a part has room for 2.0; allow larger parts with --part-mib"
    ):
        dealt({"pets": {"a.tar": 3 * MIB}}, 2 * MIB)


def test_a_pool_is_called_after_its_folder():
    assert pool_of("coco:data/pets/") == Pool("pets", "coco:data/pets")
    assert pool_of("data/mine") == Pool("mine", "data/mine")


def test_everything_wrong_is_said_at_once(tmp_path: Path):
    (tmp_path / "a").mkdir()
    pools = [pool_of(f"coco:{tmp_path}/a"), pool_of(f"voc:{tmp_path}/x/a")]
    with pytest.raises(PackError) as caught:
        check(pools, SimpleNamespace(graph=tmp_path / "no.json", part_mib=0, licence=["a=MIT", "b=MIT", "a"]))  # type: ignore[arg-type]
    assert str(caught.value).splitlines() == [
        "a names two pools; each needs a folder of another name",
        f"  there is no folder {tmp_path}/x/a (of POOLS)",
        "  --licence b=MIT: POOL=TEXT is needed, and the pools are a, a",
        "  --licence a: POOL=TEXT is needed, and the pools are a, a",
        f"  there is no graph {tmp_path}/no.json; name one with GRAPH=",
        "  --part-mib 0: at least 1 is needed",
    ]
    assert gpu_pack.main([]) == 2


def test_a_graph_of_two_projects_is_refused(tmp_path: Path):
    assert project_of(gpu_pack.GRAPH) == "Photographs"
    two = tmp_path / "two.json"
    two.write_text(json.dumps([{"action": "data", "src": ["A/*", "B/x"], "dst": "$1"}]))
    with pytest.raises(PackError, match="reads the projects A, B; a graph for this reads one"):
        project_of(two)


def test_wheels_are_asked_for_in_the_tested_versions_for_the_other_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def run(command: list[str], **_: Any) -> Any:
        asked.extend(command)
        target = Path(command[command.index("--dest") + 1])
        target.mkdir(parents=True)
        (target / "new.whl").touch()
        return SimpleNamespace(returncode=len(asked) > 100)

    monkeypatch.setattr(subprocess, "run", run)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "old.whl").touch()
    gpu_pack.download(tmp_path / "wheels")
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == ["new.whl"]
    assert asked[asked.index("--python-version") + 1] == "3.12"
    assert asked[asked.index("--constraint") + 1].endswith("requirements.lock")
    assert {"pydantic", "pydantic_core", "shapely", "zstandard"} <= set(asked)
    locked = (gpu_pack.ROOT / "requirements.lock").read_text()
    assert all(f"\n{name}==" in locked.replace("-", "_") for name in gpu_pack.WANTED)


def test_wheels_that_cannot_be_had_leave_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no network"))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "old.whl").touch()
    with pytest.raises(PackError, match="the wheels cannot be downloaded: no network"):
        gpu_pack.download(tmp_path / "wheels")
    assert (tmp_path / "wheels" / "old.whl").exists()


def test_pools_become_datasets_in_parts(tmp_path: Path):
    write_tiny_voc(tmp_path / "mine", 4)
    # When the pack is made with room for the smallest parts
    code = gpu_pack.main(
        [
            f"voc:{tmp_path}/mine",
            "--output",
            str(tmp_path / "pack"),
            "--part-mib",
            "1",
            "--no-wheels",
            "--licence",
            "mine=CC0-1.0",
        ]
    )
    assert code == 0
    content = json.loads((tmp_path / "pack" / "pack.json").read_text())
    assert content["pools"] == {"mine": f"voc:{tmp_path}/mine"}
    assert sorted(content["parts"]) == sorted(path.name for path in (tmp_path / "pack" / "data").iterdir())
    # Then it is a dataset of whole photographs
    dataset = open_dataset(str(tmp_path / "pack" / "data" / "00" / "mine"))
    assert dataset.index.num_rows == 4
    assert json.loads((tmp_path / "pack" / "data" / "00" / "mine" / "manifest.json").read_text())["licences"] == {
        "Photographs": ["CC0-1.0"]
    }
    assert all(len(classes) >= 2 for classes in dataset.index["classes"].to_pylist())
