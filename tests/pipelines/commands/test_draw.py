"""`draw`: what stands in the pictures, and what is refused."""

import json
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from pipelines.graph.check import compile_graph
from pipelines.graph.spec import parse_graph, read_graph
from pipelines.pictures.graph_mermaid import mermaid, quoted
from pipelines.pictures.graph_outline import AnotherGraph, outline
from pipelines.pictures.graph_svg import svg, text_width
from tests.pipelines.commands.conftest import CROPS, PLAIN, layer

SVG = "{http://www.w3.org/2000/svg}"
GRAPHS = ("configs/graphs/pascal_voc.json", "configs/graphs/mapillary.json")


def texts(drawing):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def text_boxes(drawing):
    """(left, top, right, bottom) of every text, by its own words."""
    for node in ElementTree.fromstring(drawing).iter(f"{SVG}text"):
        text, size = "".join(node.itertext()), float(node.get("font-size"))
        parts = len(list(node.iter(f"{SVG}tspan")))
        width = text_width(text, size, node.get("font-weight") == "bold") + 6.0 * max(parts - 1, 0)
        x, y = float(node.get("x")), float(node.get("y"))
        left = x if node.get("text-anchor") == "start" else x - width / 2
        yield text, (left, y - 0.8 * size, left + width, y + 0.2 * size)


@pytest.mark.parametrize("file", GRAPHS)
def test_no_text_touches_another_and_all_lie_inside(file):
    drawing = svg(outline(compile_graph(read_graph(file))))
    root = ElementTree.fromstring(drawing)
    boxes = list(text_boxes(drawing))
    assert len(boxes) > 50
    for (one, a), (two, b) in combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} lies on {two!r}"
    for text, (left, top, right, bottom) in boxes:
        assert 0 <= left < right <= float(root.get("width")), text
        assert 0 <= top < bottom <= float(root.get("height")), text


@pytest.mark.parametrize("file", GRAPHS)
def test_every_connection_is_named_once_and_a_diamond_stands_for_each_if(file):
    plan = compile_graph(read_graph(file))
    drawing = svg(outline(plan))
    labels = [text for text in texts(drawing) if "$" in text]
    names = [name for step in plan.layers for name in step.dst if name.startswith("$")]
    assert sorted(re.sub("^(true|false)", "", label) for label in labels) == sorted(names)
    diamonds = [
        node for node in ElementTree.fromstring(drawing).iter(f"{SVG}polygon") if len(node.get("points").split()) == 4
    ]
    assert len(diamonds) == sum(step.action.word == "if" for step in plan.layers)
    assert texts(drawing).count("discarded") == len(plan.dead_ends) > 0


def test_counts_are_those_of_the_manifest(workspace, command, tmp_path):
    said = command("draw", workspace.crops_graph, "--manifest", workspace.crops, "--output", tmp_path / "graph.svg")
    assert said.out == f"8 layers drawn: {tmp_path / 'graph.svg'}\n"
    shown = texts((tmp_path / "graph.svg").read_text())
    answers = {"$wide": "true", "$narrow": "false", "$val": "true", "$train": "false"}
    for row in workspace.manifest["funnel"][:-1]:
        for name, samples in row["out"].items():
            assert f"{answers.get(name, '')}{name}{samples}" in shown
    samples = workspace.manifest["samples"]
    assert f"{samples} samples" in shown
    assert f"3 images became {samples} samples (seed 0); a line is as thick as its samples are many" in shown


def test_lines_are_as_thick_as_their_samples_are_many(workspace):
    plan = compile_graph(read_graph(workspace.crops_graph))
    drawing = svg(outline(plan, workspace.manifest))
    widths = {float(node.get("stroke-width")) for node in ElementTree.fromstring(drawing).iter(f"{SVG}path")}
    counts = [samples for row in workspace.manifest["funnel"][:-1] for samples in row["out"].values()]
    assert max(widths) == 9.0
    assert len(widths) == len(set(counts))


def test_mermaid_has_every_connection(workspace, command):
    said = command("draw", workspace.crops_graph, "--format", "mermaid", "--manifest", workspace.crops)
    lines = said.out.splitlines()
    out = {name: samples for row in workspace.manifest["funnel"] for name, samples in row["out"].items()}
    assert "flowchart TD" in lines
    assert f'  layer1 -- "$in ({out["$in"]})" --> layer2' in lines
    assert f'  layer4 -. "false: $narrow ({out["$narrow"]})" .-> layer4x1(["discarded"]):::discardedLayer' in lines
    assert f'  layer7 -- "$tagged-train ({out["$tagged-train"]})" --> layer8' in lines
    assert '  layer4{"<b>if</b><br/>width ≥ 80 px"}:::ifLayer' in lines
    assert sum(" -- " in line or " -. " in line for line in lines) == 9


def test_names_cannot_break_the_drawings():
    layers = [
        layer("data", "A/*", '$a"] --> b & <c>', {"classes_mapping": "default"}),
        layer("supervisely", '$a"] --> b & <c>', "done"),
    ]
    seen = outline(compile_graph(parse_graph(json.dumps(layers))))
    assert '$a"] --> b & <c>' in texts(svg(seen))
    assert '  layer1 -- "$a#34;] --#62; b #38; #60;c#62;" --> layer2' in mermaid(seen).splitlines()
    assert quoted("plain $name-1_x") == "plain $name-1_x"


def test_both_outputs_thrown_away_are_drawn_without_counts(workspace):
    layers = [*PLAIN, layer("if", "$in", "null", {"condition": {"probability": 0.5}})]
    plan = compile_graph(parse_graph(json.dumps(layers)))
    row = {"layer": "if null null", "in": 3, "out": {"null": 3}, "dropped": 0, "failed": 0}
    manifest = workspace.manifest | {"graph": layers, "funnel": [row]}
    shown = texts(svg(outline(plan, manifest)))
    assert {"truenull", "falsenull"} <= set(shown)


def test_losses_stand_in_the_box(workspace):
    manifest = workspace.manifest
    manifest["funnel"][2] |= {"dropped": 7, "failed": 1}
    assert "7 dropped, 1 failed" in texts(svg(outline(compile_graph(read_graph(workspace.crops_graph)), manifest)))


def test_a_manifest_of_another_graph_is_refused(workspace, command):
    said = command("draw", workspace.plain_graph, "--manifest", workspace.crops)
    assert said.code == 2
    assert "was made by another graph than" in said.err
    assert "it has 8 layers, this graph has 2; draw the graph it was made by, or leave out --manifest" in said.err


def test_the_first_different_layer_is_named(workspace):
    changed = json.loads(json.dumps(CROPS))
    changed[1]["settings"]["multiply"] = 5
    with pytest.raises(AnotherGraph, match=r"they differ first in layer 2 \(multiply\)"):
        outline(compile_graph(parse_graph(json.dumps(changed))), workspace.manifest)


def test_a_file_of_unknown_kind_is_refused(workspace, command, tmp_path):
    said = command("draw", workspace.crops_graph, "--output", tmp_path / "graph.pdf")
    assert (said.code, list(tmp_path.iterdir())) == (2, [])
    assert "the name ends neither in .svg nor in .mmd; use one of them, or say --format svg or mermaid" in said.err


def test_a_wrong_graph_is_not_drawn(tmp_path, command):
    (tmp_path / "wrong.json").write_text(json.dumps([*CROPS[:3], layer("cropp", "$parts", "$x"), CROPS[-1]]))
    said = command("draw", tmp_path / "wrong.json", "--output", tmp_path / "graph.svg")
    assert said.code == 2
    assert "there is no action 'cropp' (did you mean 'crop'?)" in said.err
    assert not (tmp_path / "graph.svg").exists()
