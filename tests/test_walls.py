"""Imports point one way. A second test for each wall shows that the first can fail."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FOR_THE_MODEL = {
    "sample",
    "figures",
    "tag",
    "meta",
    "clicks",
    "formats",
    "image",
    "sources",
    "errors",
    "command_line",
    "annotation",
    "extras",
    "registry",
    "version",
}
"""The parts of `pipelines` that `model` may use; `sources` reads labelled images to evaluate on, and loads no Beam either."""

LAYERS = ["sources", "exports", "actions", "graph", "execute", "pictures", "commands", "api", "__main__"]
"""The upper parts of `pipelines`, from the bottom up; all other parts lie below them. An import never goes upwards."""


def imports_of(source: str, package: str) -> Iterator[tuple[str, bool]]:
    """Every module a source imports, with whether it happens when the module itself is imported (and not in a function)."""
    tree = ast.parse(source)
    inside = {
        id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for node in ast.walk(function)
    }
    typing_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.dump(test.test)
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], base]).strip(".")
            yield base, id(node) not in inside
            if base.count(".") == 0:
                yield from ((f"{base}.{alias.name}", id(node) not in inside) for alias in node.names)


def modules(package: str) -> list[tuple[str, str]]:
    """(dotted name, source) of every module of a package."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found.append((name, path.read_text()))
    assert found
    return found


def package_of(name: str) -> str:
    return name if (ROOT / Path(*name.split("."))).is_dir() else name.rpartition(".")[0]


def part_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def breaches(found: list[tuple[str, str]]) -> list[str]:
    """Every import that goes through a wall, as `importer imports imported`."""
    wrong = []
    for name, source in found:
        for imported, at_once in imports_of(source, package_of(name)):
            if _is_breach(name, imported, at_once):
                wrong.append(f"{name} imports {imported}")
    return list(dict.fromkeys(wrong))


def _is_breach(name: str, imported: str, at_once: bool) -> bool:
    top = name.split(".")[0]
    if imported.split(".")[0] == "apache_beam":
        return not (name.startswith("pipelines.execute.") or (name.startswith("pipelines.commands") and not at_once))
    if top == "pipelines":
        return imported.split(".")[0] in ("model", "torch") or _goes_up(name, imported)
    if imported.split(".")[0] == "pipelines":
        return bool(part_of(imported)) and part_of(imported) not in FOR_THE_MODEL
    return False


def _goes_up(name: str, imported: str) -> bool:
    return imported.startswith("pipelines.") and "." in name and _level(imported) > _level(name)


def _level(name: str) -> int:
    part = part_of(name)
    return LAYERS.index(part) if part in LAYERS else -1


def test_nothing_imports_through_a_wall():
    found = modules("pipelines") + (modules("model") if (ROOT / "model").is_dir() else [])
    assert breaches(found) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("pipelines.sample", "import model"),
        ("pipelines.render", "from torch import nn"),
        ("pipelines.sample", "from pipelines.actions import CATALOGUE"),
        ("pipelines.figures.point", "from pipelines.graph.plan import Plan"),
        ("pipelines.actions.crop", "from pipelines.graph import check"),
        ("pipelines.actions.crop", "from ..execute import step"),
        ("pipelines.graph.plan", "def late():\n    from pipelines.execute.step import Step"),
        ("pipelines.graph.plan", "import apache_beam as beam"),
        ("pipelines.commands.run", "import apache_beam"),
        ("pipelines.formats.wire", "from pipelines.sources import bind"),
        ("pipelines.sources.voc", "from pipelines.actions import CATALOGUE"),
        ("pipelines.sources.coco", "from pipelines.exports import FORMS"),
        ("pipelines.exports.coco", "from pipelines.actions import CATALOGUE"),
        ("pipelines.sources.binding", "from pipelines.graph.plan import Plan"),
        ("pipelines.sources.voc", "import pipelines.execute.run"),
        ("model.training.data", "from pipelines.graph.spec import read_graph"),
        ("model.training.data", "from pipelines import render"),
        ("model.training.train", "import apache_beam"),
    ],
)
def test_each_breach_is_seen(name, line):
    assert breaches([(name, f'"""x"""\n{line}\n')])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("pipelines.execute.on_beam", "import apache_beam as beam"),
        ("pipelines.commands.run", "def run():\n    from apache_beam import Pipeline"),
        (
            "pipelines.figures.figure",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pipelines.graph.plan import Plan",
        ),
        ("model.training.data", "from pipelines.formats.shards import open_dataset"),
        ("model.training.data", "from pipelines import clicks"),
        ("model.projects.images", "from pipelines.sources.binding import open_project"),
        ("pipelines.actions.crop", "from pipelines.sample import Sample"),
    ],
)
def test_what_is_allowed_is_not_a_breach(name, line):
    assert breaches([(name, line)]) == []


ROOMS = {
    "chance": {"chance"},
    "drawing": {"drawing"},
    "settings": {"settings"},
    "clicks": {"clicks"},
    "networks": {"networks"},
    "projects": {"projects", "settings"},
    "weights": {"weights", "networks"},
}
"""The rooms of `model` that lie at the bottom, each with those that may be loaded when it is."""
BELOW = set(ROOMS)
ROOMS |= {
    "inference": {"inference", *BELOW},
    "training": {"training", *BELOW},
    "evaluation": {"evaluation", "inference", *BELOW},
    "commands": {"commands", "evaluation", "inference", "training", *BELOW},
    "__main__": {"__main__"},
    "api": {"api", "evaluation", "inference", "training", *BELOW},
}


def rooms_loaded_by(room: str) -> set[str]:
    """Which rooms of `model` a fresh Python has loaded after all modules of one were imported."""
    names = [name for name, _ in modules("model") if part_of(name) == room]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, cwd=ROOT, timeout=120, check=True
    )
    return {part_of(name) for name in done.stdout.split() if name.startswith("model.")}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_loads_only_rooms_below_it(room):
    loaded = rooms_loaded_by(room)
    assert room in loaded
    assert loaded <= ROOMS[room]


def test_every_module_of_the_model_is_in_a_room():
    assert {part_of(name) for name, _ in modules("model")} - {""} == set(ROOMS)


def test_training_and_inference_would_be_seen_in_each_other():
    """Were there one import across, the rooms loaded would not be a subset: both are loaded by the commands."""
    assert {"inference", "training"} <= rooms_loaded_by("commands")


HEAVY = ("apache_beam", "torch", "pytorch_lightning", "matplotlib")


def loaded_by(statement: str) -> set[str]:
    """Which heavy libraries a fresh Python has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HELP = """
import contextlib, io, pipelines.__main__
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    pipelines.__main__.main(["--help"])
"""


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import pipelines.graph.check, pipelines.sources, pipelines.execute.in_memory", HEAVY),
        (HELP, ("apache_beam", "torch", "pytorch_lightning")),
        ("import pipelines.execute.run", ("torch", "pytorch_lightning")),
        ("import model.commands.evaluate, model.training.train, model.inference.project", ("apache_beam",)),
    ],
    ids=["check", "help", "run", "model"],
)
def test_light_modules_load_no_heavy_library(statement, forbidden):
    assert loaded_by(statement) & set(forbidden) == set()


def test_a_heavy_library_would_be_seen():
    assert "apache_beam" in loaded_by("import pipelines.execute.on_beam")


LONGEST = 350


@pytest.mark.parametrize("folder", ["pipelines", "model", "bench"])
def test_no_file_is_long(folder):
    """Lines as `wc -l` counts them."""
    lengths = {str(path.relative_to(ROOT)): path.read_bytes().count(b"\n") for path in (ROOT / folder).rglob("*.py")}
    assert {file: count for file, count in lengths.items() if count >= LONGEST} == {}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """One way round for each module that an import at its top leads back to."""
    found = []

    def follow(path: list[str], seen: set[str]) -> None:
        for following in graph.get(path[-1], ()):
            if following == path[0]:
                found.append([*path, following])
            elif following not in seen:
                seen.add(following)
                follow([*path, following], seen)

    for name in graph:
        follow([name], {name})
    return found


def imported_modules(found: list[tuple[str, str]]) -> dict[str, set[str]]:
    """By module what it imports when it is itself imported: modules of these packages only."""
    known = {name for name, _ in found}
    graph = {}
    for name, source in found:
        wanted = {imported for imported, at_once in imports_of(source, package_of(name)) if at_once}
        graph[name] = {imported for imported in wanted if imported in known and imported != name}
    return graph


def test_no_import_leads_back():
    assert cycles(imported_modules(modules("pipelines") + modules("model"))) == []


def test_a_cycle_would_be_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()})[0] == ["a", "b", "c", "a"]
