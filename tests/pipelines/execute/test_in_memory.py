"""What a graph means: the order of the original engine, failures kept apart, everything counted."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.execute import in_memory
from pipelines.execute.reading import list_images
from pipelines.figures import Bitmap, Figure
from pipelines.tag import Tag
from tests.support import Held, assert_same, chain, compiled, layer, run, tiny_sample

FLIP = {"axis": "vertical"}


def named(*names: str) -> list:
    return [tiny_sample(name=name) for name in names]


def test_one_sample_goes_all_the_way_before_the_next_is_made():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("multiply", "$a", "$m", {"multiply": 2}),
        layer("flip", "$m", "$f", FLIP),
        layer("supervisely", ["$f", "$m"], "out"),
    ]
    seen = []
    samples = named("b.png", "a.png")
    plan, projects = compiled(graph, Held.of(samples)), Held.of(samples)
    in_memory.run(
        plan,
        list_images(plan, projects),
        projects,
        0,
        watch=lambda layer, name, sample: seen.append((layer.action.word, name)),
    )
    one_copy = [("multiply", "$m"), ("flip", "$f"), ("supervisely", "out"), ("supervisely", "out")]
    assert seen == 2 * [("data", "$a"), *one_copy, *one_copy]


def test_branches_follow_the_order_of_the_file():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("supervisely", ["$a", "$f"], "out"),
        layer("flip", "$a", "$f", FLIP),
    ]
    first, second = run(graph, named("a.png")).samples
    assert not first.image.ops
    assert second.image.ops


def test_a_failure_takes_only_its_own_sample():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("tag", "$a", "$t", {"tag": "night", "action": "add"}),
        layer("supervisely", ["$a", "$t"], "out"),
    ]
    bad = replace(tiny_sample(name="bad.png"), tags=(Tag("night"),))
    good = tiny_sample(name="good.png")
    projects = Held.of([bad, good])
    # The meta knows the tag without a value, the image has one: only this image cannot be tagged.
    valued = replace(bad, tags=(Tag("night", "late"),))
    projects["P"] = replace(projects["P"], samples=(valued, good))
    result = run(graph, projects)
    assert [sample.origin.file for sample in result.samples] == ["bad.png", "good.png", "good.png"]
    (failure,) = result.failures
    assert failure.record() == {
        "project": "P",
        "dataset": "ds",
        "image": "bad.png",
        "layer": "tag $t",
        "kind": "ValueError",
        "message": "the image has the tag 'night' with the value 'late' already; it cannot get the value None too. "
        "Delete the tag in a layer before",
    }
    assert (result.counts["tag $t"].taken, result.counts["tag $t"].failed) == (2, 1)


def test_an_image_that_cannot_be_read_counts_in_its_data_layer():
    class Unreadable(Held):
        def read(self, item):
            raise FileNotFoundError(2, "No such file or directory", "a.png")

    projects = {"P": Unreadable("P", "x", Held.of(named("a.png"))["P"].meta, ("ds",), tuple(named("a.png")))}
    result = run(chain(), projects)
    assert result.samples == []
    assert (result.counts["data $0"].taken, result.counts["data $0"].failed) == (1, 1)
    assert result.failures[0].message == "FileNotFoundError: [Errno 2] No such file or directory: 'a.png'"


def test_everything_is_counted():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("multiply", "$a", "$m", {"multiply": 3}),
        layer("if", "$m", ["$yes", "$no"], {"condition": {"min_width": 1000}}),
        layer("crop", "$no", "$c", {"sides": {"left": "100%"}}),
        layer("supervisely", ["$yes", "$c"], "out"),
    ]
    counts = run(graph, named("a.png", "b.png")).counts
    assert [(name, count.taken, count.out, count.dropped) for name, count in counts.items()] == [
        ("data $a", 2, [2, 0], 0),
        ("multiply $m", 2, [6, 0], 0),
        ("if $yes $no", 6, [0, 6], 0),
        ("crop $c", 6, [0, 0], 6),
        ("supervisely out", 0, [0, 0], 0),
    ]


def test_dead_ends_change_no_number_elsewhere():
    part = {"min_percent": 20, "max_percent": 80}
    base = chain(("crop", {"random_part": {"height": part, "width": part}}))
    with_dead_end = [
        base[0],
        layer("crop", "$0", "$nobody", {"random_part": {"height": part, "width": part}}),
        *base[1:],
    ]
    one, other = run(base, named("a.png", "b.png"), 5), run(with_dead_end, named("a.png", "b.png"), 5)
    assert_same(one.samples, other.samples)


def test_another_seed_is_another_result():
    part = {"min_percent": 20, "max_percent": 80}
    graph = chain(("crop", {"random_part": {"height": part, "width": part}}))
    first, second, again = (run(graph, named("a.png"), seed).samples[0] for seed in (0, 1, 0))
    assert first.image != second.image
    assert_same(first, again)
    assert first.key == second.key, "a key is a path, whatever the seed"


def test_images_do_not_influence_each_other():
    part = {"min_percent": 20, "max_percent": 80}
    graph = chain(("multiply", {"multiply": 2}), ("crop", {"random_part": {"height": part, "width": part}}))
    alone = run(graph, named("b.png")).samples
    among = [sample for sample in run(graph, named("a.png", "b.png", "c.png")).samples if sample.origin.file == "b.png"]
    assert_same(among, alone)


@pytest.mark.parametrize("copies", [1, 4])
def test_inputs_are_shared_not_copied_and_never_changed(copies):
    mask = np.ones((5, 5), bool)
    mask.setflags(write=False)
    sample = tiny_sample([Figure("bitmap", Bitmap(1, 1, mask))])
    graph = chain(("multiply", {"multiply": copies}), ("flip", FLIP), ("crop", {"sides": {"right": "2px"}}))
    assert len(run(graph, [sample]).samples) == copies
    assert sample.figures[0].shape.pixels is mask
