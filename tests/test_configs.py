"""Every graph that is shipped compiles, and the tutorial's are the tutorial's."""

from hashlib import sha256
from pathlib import Path

import pytest

from model.training.config import read_config
from pipelines.graph.check import check
from pipelines.graph.spec import read_graph

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


DIGESTS = {
    "pascal_voc.json": "caa15178584570e15bddb3cea779fd9ae328a7533e5e796832aa439f0f8b09bf",
    "mapillary.json": "c0bdea80c19ef408b4fe697e3ee5f1aa496016cd49aaa2c6daead651d0a21e67",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_the_tutorials_graphs_are_unchanged(name):
    (ours,) = (path for path in GRAPHS if path.name == name)
    assert sha256(ours.read_bytes()).hexdigest() == DIGESTS[name]
