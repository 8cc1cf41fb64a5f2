"""`dataset`: the name decides where a sample is saved, and only that."""

from dataclasses import replace

import pytest

from pipelines.actions.dataset import Dataset
from tests.support import assert_same, chain, run, tiny_sample


def problems(settings: dict) -> list[tuple[tuple, str]]:
    return [(finding.path, finding.message) for finding in Dataset.from_settings(settings).problems()]


def test_a_name_replaces_the_datasets():
    sample = tiny_sample()
    assert_same(Dataset(name="New ds-1").apply(sample, None), [replace(sample, dataset="New ds-1")])


def test_the_source_s_name_comes_back():
    sample = replace(tiny_sample(), dataset="P__ds")
    (found,) = Dataset(rule="save_original").apply(sample, None)
    assert found.dataset == "ds"


def test_of_several_layers_the_last_one_counts():
    graph = chain(("dataset", {"name": "one"}), ("flip", {"axis": "vertical"}), ("dataset", {"name": "two"}))
    assert [sample.dataset for sample in run(graph, [tiny_sample()]).samples] == ["two"]


@pytest.mark.parametrize("name", ["a", "New ds-1", "A_b-9 ", "x" * 2048])
def test_good_names(name):
    assert problems({"name": name}) == []


@pytest.mark.parametrize("name", ["", "a/b", "ä", "a.b", "a\n", "x" * 2049])
def test_bad_names_are_refused(name):
    ((path, message),) = problems({"name": name})
    assert path == ("name",)
    assert message.endswith("the name of a dataset is 1 to 2048 of the letters a-z and A-Z, digits, spaces, - and _")
    assert (repr(name) if len(name) < 9 else "a name of 2049 characters") in message


def test_name_or_rule_but_not_both():
    assert problems({}) == [((), 'a dataset layer has either "name" or "rule"; neither is given')]
    both = {"name": "a", "rule": "save_original"}
    assert problems(both) == [((), 'a dataset layer has either "name" or "rule"; both are given')]
