"""Every graph that is shipped compiles, and the tutorial's are the tutorial's."""

from pathlib import Path

import pytest

from model.training.config import read_config
from pipelines.graph.check import check
from pipelines.graph.spec import read_graph
from tests.support import shared

GRAPHS = sorted((Path(__file__).resolve().parents[1] / "configs" / "graphs").glob("**/*.json"))

TRAINING = sorted((Path(__file__).resolve().parents[1] / "configs" / "train").glob("*.json"))


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.name)
def test_a_shipped_training_config_is_whole(path):
    assert read_config(path).input_size.width >= 96


def test_there_are_graphs():
    assert {path.name for path in GRAPHS} >= {"pascal_voc.json", "mapillary.json"}


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.name)
def test_a_shipped_graph_has_no_error(path):
    checked = check(read_graph(str(path)))
    assert [str(problem) for problem in checked.problems] == []
    assert checked.plan


@pytest.mark.parametrize("name", ["pascal_voc.json", "mapillary.json"])
def test_the_tutorials_graphs_are_unchanged(name):
    (ours,) = (path for path in GRAPHS if path.name == name)
    assert ours.read_bytes() == (shared("seed") / name).read_bytes()
