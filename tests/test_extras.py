"""What is installed is enough for what is promised, and what is missing is named by its extra."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.extras import EXTRA_OF
from tests.support import tiny_project, write_tiny_voc

ROOT = Path(__file__).resolve().parents[1]
SERVE = {"torch", "onnxruntime"}
"""What the extra `serve` has; the plain installation has none of `EXTRA_OF`."""


def with_only(present: set[str], code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that has only these of the libraries that come with extras."""
    absent = sorted(set(EXTRA_OF) - present)
    hidden = f"import sys\nfor name in {absent!r}: sys.modules[name] = None\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + code, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=300
    )


def called(package: str) -> str:
    return f"from {package}.__main__ import main\nsys.exit(main(sys.argv[1:]))"


def test_the_plain_installation_reads_labelled_images(tmp_path):
    code = """
from pipelines.sources import open_project
for place in sys.argv[1:]:
    project = open_project("P", place)
    items = [item for dataset in project.datasets for item in project.items(dataset)]
    print(project.layout, sum(len(project.read(item).figures) for item in items))
"""
    places = write_tiny_voc(tmp_path / "voc"), tiny_project(tmp_path / "project")
    done = with_only(set(), code, *map(str, places))
    assert done.stdout.split() == ["voc", "7", "supervisely", "15"], done.stderr


def test_serve_is_enough_for_clicks():
    code = """
import numpy as np
from model import Predictor
predictor, _ = Predictor.load("zoo:tiny", 64)
session = predictor.set_image(np.zeros((40, 60, 3), np.uint8)).click(5, 6, positive=True)
print(session.mask[6, 5])
"""
    done = with_only(SERVE, code)
    assert done.stdout.split() == ["True"], done.stderr


def test_serve_is_enough_for_a_whole_project(tmp_path):
    arguments = ["--input", str(tiny_project(tmp_path / "project")), "--output", str(tmp_path / "out")]
    config = "configs/inference/tutorial.json"
    done = with_only(SERVE, called("model"), "predict", config, "--weights", "zoo:tiny", *arguments)
    assert done.returncode == 0, done.stderr
    assert "3 images" in done.stdout


@pytest.mark.parametrize(
    ("package", "arguments", "present", "library", "extra"),
    [
        (
            "pipelines",
            ["run", "{graph}", "--project", "PascalVOC={voc}", "--output", "{tmp}/out"],
            set(),
            "beam",
            "data",
        ),
        ("pipelines", ["stats", "{tmp}"], set(), "", ""),
        ("model", ["weights"], set(), "torch", "serve"),
        ("model", ["train", "configs/train/tutorial.json", "--data", "{tmp}"], SERVE, "lightning", "train"),
        ("model", ["export", "--output", "{tmp}/x.onnx"], SERVE, "onnx", "train"),
    ],
)
def test_what_is_missing_is_named_by_its_extra(tmp_path, package, arguments, present, library, extra):
    voc = write_tiny_voc(tmp_path / "voc")
    graph = "configs/graphs/pascal_voc.json"
    done = with_only(present, called(package), *(text.format(graph=graph, voc=voc, tmp=tmp_path) for text in arguments))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    if extra:
        assert f"it comes with the extra {extra!r}, as in pip install smart-tool[{extra}]" in done.stderr
        assert library in done.stderr


def test_the_table_of_extras_is_that_of_the_installation():
    tree = ast.parse((ROOT / "setup.py").read_text())
    constants = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    extras = {
        key.value: [item.value if isinstance(item, ast.Constant) else "torch" for item in value.elts]
        for key, value in zip(constants["EXTRAS"].keys, constants["EXTRAS"].values, strict=True)
    }
    distributions = {"apache_beam": "apache-beam", "skimage": "scikit-image", "pytorch_lightning": "pytorch-lightning"}
    for library, extra in EXTRA_OF.items():
        name = distributions.get(library, library)
        assert any(wanted.startswith(name) for wanted in extras[extra]), (library, extra)
