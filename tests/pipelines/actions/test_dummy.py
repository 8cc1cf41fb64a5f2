"""`dummy`: whatever its settings are, samples come out as they went in."""

import pytest

from pipelines.actions.dummy import Dummy
from tests.support import layer, run, tiny_sample


@pytest.mark.parametrize("settings", [{}, {"any": ["thing", 1]}, [], "text", None, 3])
def test_samples_pass_unchanged_under_any_settings(settings):
    sample = tiny_sample()
    (found,) = Dummy.from_settings(settings).apply(sample, None)
    assert found == sample


def test_two_inputs_become_one_output():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("flip", ["$a"], "$b", {"axis": "vertical"}),
        layer("dummy", ["$a", "$b"], "$c", {"note": "both"}),
        layer("supervisely", ["$c"], "out"),
    ]
    found = run(graph, [tiny_sample()]).samples
    assert len(found) == 2
    assert len({sample.key for sample in found}) == 2
