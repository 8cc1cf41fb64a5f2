"""Runs golden cases of the original engine with this one: each is equal, differs for a known reason, or differs.

    python tests/golden/run.py FOLDER [--verbose] [--only TEXT]

FOLDER holds `input/<project>` (Supervisely projects) and `cases/<name>/graph.json` with what the original made of it: `out/`
(meta, annotations, pictures, `order.json`, `errors.json`) or `crash.txt` when it refused the graph. Samples are matched by
source image and by their number among those of that image, figures are compared one by one. A difference is explained by a
rule about the graph's settings and what was found, never by the name of a case. Exit code 1 when something is unexplained.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines import render
from pipelines.actions import CATALOGUE
from pipelines.execute import in_memory
from pipelines.execute.reading import list_images
from pipelines.execute.writer import Target
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.graph.check import check
from pipelines.graph.problems import GraphError, Problem
from pipelines.graph.spec import parse_graph
from pipelines.sample import Sample
from pipelines.sources import Project, bind

TOLERANCE = 1e-6
"""In pixels, for vertices."""

Source = tuple[str, str, str]
"""Project, dataset, file."""


# ---------------------------------------------------------------- the two sides


@dataclass
class Output:
    """One sample of either engine, as plain values."""

    source: Source
    dataset: str
    name: str
    annotation: dict[str, Any]
    picture: np.ndarray | None
    """RGB, or nothing where the original kept none."""


@dataclass
class Side:
    """What an engine made of a case; `refused` is its reason when it did not start."""

    refused: str = ""
    warnings: list[str] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    samples: dict[Source, list[Output]] = field(default_factory=dict)
    errors: dict[Source, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A case: its name, folder and layers."""

    name: str
    folder: Path
    text: str

    @property
    def layers(self) -> list[dict[str, Any]]:
        return [entry for entry in json.loads(self.text) if isinstance(entry, dict)]

    @property
    def words(self) -> set[str]:
        return {str(entry.get("action")) for entry in self.layers}

    def settings(self, *words: str) -> list[dict[str, Any]]:
        """The settings of all layers with one of these actions."""
        found = (entry.get("settings") for entry in self.layers if entry.get("action") in words)
        return [settings for settings in found if isinstance(settings, dict)]


def read_expected(case: Case) -> Side:
    """The original's result."""
    out = case.folder / "out"
    if not out.exists():
        return Side(refused=(case.folder / "crash.txt").read_text().strip() or "crashed")
    side = Side(meta=json.loads((out / "meta.json").read_text()))
    for entry in json.loads((out / "order.json").read_text()):
        dataset, name = entry["out"]
        file = out / dataset / "img" / name
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB) if file.exists() else None
        annotation = json.loads((out / dataset / "ann" / f"{name}.json").read_text())
        own = side.samples.setdefault(tuple(entry["src"]), [])
        assert len(own) == entry["k"], f"{case.name}: the outputs of {entry['src']} are not in order"
        own.append(Output(tuple(entry["src"]), dataset, name, annotation, picture))
    for entry in json.loads((out / "errors.json").read_text()):
        side.errors[tuple(entry["src"])] = entry["error"]
    return side


def run_case(case: Case, inputs: Path, seed: int = 0) -> Side:
    """This engine's result."""
    try:
        spec = parse_graph(case.text, "graph.json")
    except GraphError as error:
        return Side(refused=str(error))
    names = {path.name for path in inputs.iterdir()}
    projects = bind([f"{name}={inputs / name}" for name in sorted(names & _projects(case))])
    checked = check(spec, projects)
    warnings = [problem.message for problem in checked.warnings]
    if checked.plan is None:
        return Side(refused="\n".join(_said(problem) for problem in checked.errors), warnings=warnings)
    plan = checked.plan
    result = in_memory.run(plan, list_images(plan, projects), projects, seed)
    side = Side(warnings=warnings, meta=meta_json(plan.sink.meta))
    target = Target("", "out", 1, "", keeps_names=plan.samples_per_image <= 1)
    for sample in result.samples:
        source = sample.origin.project, sample.origin.dataset, sample.origin.file
        side.samples.setdefault(source, []).append(_output(sample, source, target, projects))
    for failure in result.failures:
        side.errors[failure.project, failure.dataset, failure.image] = failure.message
    return side


def _said(problem: Problem) -> str:
    return f"{problem.setting}: {problem.message}"


def _projects(case: Case) -> set[str]:
    paths = [path for entry in case.layers if entry.get("action") in _SOURCES for path in _listed(entry.get("src"))]
    return {path.strip("/").split("/")[0] for path in paths}


_SOURCES = {"data", "images_project"}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _output(sample: Sample, source: Source, target: Target, projects: dict[str, Project]) -> Output:
    annotation = annotation_json(sample.image.size, sample.figures, sample.tags, sample.description, sample.extra)
    pixels = render.evaluate(sample.image, render.decode(Path(sample.image.uri).read_bytes()))
    return Output(source, sample.dataset, target.file_name(sample), json.loads(json.dumps(annotation)), pixels)


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Difference:
    """One difference: what kind, where, and both values."""

    kind: str
    where: str
    expected: Any = None
    found: Any = None
    sample: Output | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: expected {_short(self.expected)}, found {_short(self.found)}"


def _short(value: Any) -> str:
    text = "a picture" if isinstance(value, np.ndarray) else str(value)
    return text if len(text) < 200 else f"{text[:200]} ..."


def compare(expected: Side, found: Side) -> Iterator[Difference]:
    """Every difference between two results."""
    if expected.refused or found.refused:
        if not expected.refused:
            yield Difference("refused", "graph", _summary(expected), found.refused)
        elif not found.refused:
            yield Difference("accepted", "graph", expected.refused, _summary(found))
        return
    yield from _compare_metas(expected.meta, found.meta)
    for source in sorted({*expected.samples, *found.samples, *expected.errors, *found.errors}):
        theirs, ours = expected.samples.get(source, []), found.samples.get(source, [])
        where = "/".join(source)
        if (source in expected.errors) != (source in found.errors):
            yield Difference(
                "item error",
                where,
                expected.errors.get(source),
                found.errors.get(source),
                (ours or theirs or [None])[0],
            )
            continue
        if len(theirs) != len(ours):
            yield Difference("samples", where, len(theirs), len(ours))
            continue
        for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from _compare_samples(f"{where}#{number}", one, other, expected.meta)


def _summary(side: Side) -> str:
    return f"{sum(map(len, side.samples.values()))} samples, {len(side.errors)} item errors"


def _compare_metas(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[Difference]:
    theirs, ours = ([(entry["title"], entry["shape"]) for entry in meta["classes"]] for meta in (expected, found))
    if theirs != ours:
        yield Difference("class order" if sorted(theirs) == sorted(ours) else "classes", "meta", theirs, ours)
    theirs, ours = ([_tag_spec(entry) for entry in meta.get("tags", ())] for meta in (expected, found))
    if theirs != ours:
        yield Difference("tags of the meta", "meta", theirs, ours)


def _tag_spec(entry: Any) -> tuple[str, str]:
    return (entry, "none") if isinstance(entry, str) else (entry["name"], entry.get("value_type", "any_string"))


def _tags(entries: Any) -> list[tuple[str, str | None]]:
    return [(entry, None) if isinstance(entry, str) else (entry["name"], entry.get("value")) for entry in entries or ()]


def _compare_tags(kind: str, expected: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """The pair to compare; values that are equal as text alone are a kind of their own."""
    theirs, ours = _tags(expected), _tags(found)
    as_text = [[(name, value if value is None else str(value)) for name, value in tags] for tags in (theirs, ours)]
    yield ("numbers in tags" if as_text[0] == as_text[1] else kind), theirs, ours


def _compare_samples(where: str, expected: Output, found: Output, meta: dict[str, Any]) -> Iterator[Difference]:
    one, other = expected.annotation, found.annotation
    pairs = [
        ("dataset", expected.dataset, found.dataset),
        ("name", expected.name, found.name),
        *_compare_tags("image tags", one["tags"], other["tags"]),
        ("size", one["size"], other["size"]),
    ]
    for kind, theirs, ours in pairs:
        if theirs != ours:
            yield Difference(kind, where, theirs, ours, expected)
    if one["size"] != other["size"]:
        return
    size = one["size"]["height"], one["size"]["width"]
    theirs, ours = one["objects"], other["objects"]
    if len(theirs) > len(ours) and len(
        inside := [entry for entry in theirs if not _past_the_end(entry, one["size"])]
    ) < len(theirs):
        yield Difference("points past the last pixel", where, len(theirs) - len(inside), 0, expected)
        theirs = inside
    if len(theirs) != len(ours):
        kinds = [Counter(entry["classTitle"] for entry in entries) for entries in (theirs, ours)]
        yield Difference("number of figures", where, dict(kinds[0]), dict(kinds[1]), expected)
    else:
        for number, pair in enumerate(zip(theirs, ours, strict=True)):
            yield from _compare_figures(f"{where} figure {number}", *pair, size, expected)
    if (
        expected.picture is not None
        and found.picture is not None
        and not np.array_equal(expected.picture, found.picture)
    ):
        yield Difference("picture", where, expected.picture, found.picture, expected)


def _past_the_end(entry: Any, size: dict[str, int]) -> bool:
    """Whether a figure is one point at x = width or y = height, where no pixel is."""
    rings = entry.get("points") or {}
    exterior = rings.get("exterior") or []
    return len(exterior) == 1 and (exterior[0][0] >= size["width"] or exterior[0][1] >= size["height"])


def _plain(geometry: Any) -> Any:
    return f"a mask of {int(geometry.sum())} pixels" if isinstance(geometry, np.ndarray) else geometry


def _compare_figures(
    where: str, expected: Any, found: Any, size: tuple[int, int], sample: Output
) -> Iterator[Difference]:
    for kind, theirs, ours in (
        ("class", expected["classTitle"], found["classTitle"]),
        *_compare_tags("figure tags", expected.get("tags"), found.get("tags")),
        ("figure description", expected.get("description") or "", found.get("description") or ""),
    ):
        if theirs != ours:
            yield Difference(kind, where, theirs, ours, sample)
    one, other = _geometry(expected, size), _geometry(found, size)
    if isinstance(one, np.ndarray) != isinstance(other, np.ndarray):
        yield Difference("kind of figure", where, _plain(one), _plain(other), sample)
    elif isinstance(one, np.ndarray):
        if one.shape != other.shape or (one != other).any():
            yield Difference("mask", where, _plain(one), _plain(other), sample)
    elif not _close(one, other):
        yield Difference("points", where, one, other, sample)


def _geometry(entry: dict[str, Any], size: tuple[int, int]) -> np.ndarray | list[list[list[float]]]:
    """A full-size mask, or the rings of a vector figure."""
    bitmap = entry.get("bitmap") or {}
    if not bitmap.get("data"):
        points = entry.get("points") or {}
        return [points.get("exterior") or [], *(points.get("interior") or [])]
    data = np.frombuffer(zlib.decompress(base64.b64decode(bitmap["data"])), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    mask = image > 0 if image.ndim == 2 else image[:, :, 3] > 0
    x, y = bitmap["origin"]
    canvas = np.zeros((max(size[0], y + mask.shape[0]), max(size[1], x + mask.shape[1])), bool)
    canvas[y : y + mask.shape[0], x : x + mask.shape[1]] = mask
    return canvas


def _close(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        len(a) == len(b) and (not a or np.allclose(a, b, atol=TOLERANCE, rtol=0))
        for a, b in zip(one, other, strict=True)
    )


# ---------------------------------------------------------------- rules


Applies = Callable[[Case, Difference], bool]


@dataclass(frozen=True)
class Rule:
    """A documented deviation: its name, the reason, and which differences it explains."""

    name: str
    why: str
    applies: Applies


def _swapped(case: Case) -> bool:
    """Whether a mapping gives a name that it also takes away, so that one after another differs from all at once."""
    mappings = (settings.get("classes_mapping") for settings in case.settings("rename", "data"))
    return any(isinstance(m, dict) and (set(m) & {v for k, v in m.items() if k != v}) for m in mappings)


def _maps_classes(case: Case) -> bool:
    mapped = (settings.get("classes_mapping") for settings in case.settings(*CATALOGUE))
    return any(isinstance(mapping, dict) for mapping in mapped)


def _is_random(case: Case) -> bool:
    for entry in case.layers:
        cls = CATALOGUE.get(str(entry.get("action")))
        try:
            if cls and cls.from_settings(entry.get("settings")).random:
                return True
        except ValueError:
            continue
    return False


def _ring(points: list[Any]) -> list[tuple[float, float]]:
    """A closed ring from its smallest vertex on, in its smaller direction, without a repeated last vertex."""
    ring = [(round(float(x), 6), round(float(y), 6)) for x, y in points]
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring = ring[:-1]
    turns = [way[start:] + way[:start] for way in (ring, ring[::-1]) for start in range(len(ring))]
    return min(turns, default=[])


def _same_rings(difference: Difference) -> bool:
    if difference.kind != "points" or not all(len(ring) >= 3 for ring in (*difference.expected, *difference.found)):
        return False
    sides = [(_ring(rings[0]), sorted(map(_ring, rings[1:]))) for rings in (difference.expected, difference.found)]
    return sides[0][0] == sides[1][0] and sides[0][1] == sides[1][1]


def _closed(difference: Difference) -> bool:
    return any(ring and ring[0] == ring[-1] for ring in difference.expected)


def _repeated_tag(case: Case, difference: Difference) -> bool:
    if difference.kind != "item error" or difference.found is not None or difference.sample is None:
        return False
    added = [settings["tag"] for settings in case.settings("tag") if settings.get("action") == "add"]
    have = _tags(difference.sample.annotation["tags"])
    return any(tag in have for tag in _tags(added))


CROPPING = {"crop", "instances_crop", "sliding_window", "rotate", "crop_annotation"}
SCALING = {"resize", "rotate", "resize_annotation", "restore_annotation_scale"}
REBUILDING = {
    *(
        "bbox",
        "bbox2poly",
        "bitmap2lines",
        "bitwise_masks",
        "drop_noise",
        "find_contours",
        "line2bitmap",
        "merge_bitmap_masks",
    ),
    *("merge_lines", "drop_lines_under_polygon", "poly2bitmap", "rasterize", "skeletonize", "split_masks"),
}
"""Actions whose new figures the original leaves without tags and description."""


def _truncated(rings: Any) -> list[list[list[float]]]:
    """Rings with every coordinate cut to a whole number."""
    return [[[float(int(value)) for value in vertex] for vertex in ring] for ring in rings]


RULES = [
    Rule(
        "src may be a bare string",
        "a string in src is a list of one name",
        lambda case, d: d.kind == "accepted" and any(isinstance(entry.get("src"), str) for entry in case.layers),
    ),
    Rule(
        "unknown classes are a warning",
        "a mapping that lists a class the project lacks is not refused",
        lambda case, d: d.kind == "accepted" and "not found" in d.expected.lower() and _maps_classes(case),
    ),
    Rule(
        "deleting a tag goes by its name",
        "the definition of a tag does not matter when it is taken off",
        lambda case, d: (
            d.kind == "accepted"
            and "tag" in d.expected
            and any(settings.get("action") == "delete" for settings in case.settings("tag"))
        ),
    ),
    Rule(
        "what fails every image is refused at once",
        "settings are checked before the first image is read",
        lambda case, d: (
            d.kind == "refused" and d.expected.startswith("0 samples, ") and not d.expected.endswith(", 0 item errors")
        ),
    ),
    Rule(
        "the very same tag again is no error",
        "adding a tag that is there with the same value changes nothing",
        _repeated_tag,
    ),
    Rule(
        "a vanished mask is dropped",
        "a mask without a pixel left does not fail its image",
        lambda case, d: (
            d.kind == "item error" and d.found is None and "NoneType" in str(d.expected) and bool(case.words & SCALING)
        ),
    ),
    Rule(
        "datasets that nobody reads are not read",
        "an image that no data layer takes is no error",
        lambda case, d: d.kind == "item error" and d.found is None and "find data layer" in str(d.expected),
    ),
    Rule(
        "names come from the path through the graph",
        "a repeated name gets a part of the sample's key, the original draws letters",
        lambda case, d: (
            d.kind == "name"
            and d.sample is not None
            and all(Path(name).stem.startswith(Path(d.sample.source[2]).stem) for name in (d.expected, d.found))
            and Path(d.expected).suffix == Path(d.found).suffix
        ),
    ),
    Rule(
        "the closing vertex is dropped",
        "a clipped ring does not repeat its first vertex; where it starts is the geometry library's choice",
        lambda case, d: _same_rings(d) and _closed(d) and bool(case.words & CROPPING),
    ),
    Rule(
        "a point past the last pixel is outside",
        "crops keep points half-open, so none lies at x = width",
        lambda case, d: d.kind == "points past the last pixel" and bool(case.words & CROPPING),
    ),
    Rule(
        "mappings act all at once",
        "names can be swapped and chained without losing a class",
        lambda case, d: d.kind in ("classes", "class", "class order") and _swapped(case),
    ),
    Rule(
        "renamed classes keep their place",
        "the original moves them to the end",
        lambda case, d: d.kind == "class order" and _maps_classes(case),
    ),
    Rule(
        "random draws",
        "the random numbers are others",
        lambda case, d: (
            d.kind in ("samples", "points", "mask", "picture", "number of figures", "size", "class")
            and _is_random(case)
        ),
    ),
    Rule(
        "tags and descriptions stay on rebuilt figures",
        "a figure made of another one keeps what people attached to it",
        lambda case, d: (
            d.kind in ("figure tags", "figure description") and not d.expected and bool(case.words & REBUILDING)
        ),
    ),
    Rule(
        "a conversion may keep the title",
        "the shape of a class changes when all its figures do",
        lambda case, d: (
            d.kind == "accepted" and "Same class with different shape" in d.expected and bool(case.words & REBUILDING)
        ),
    ),
    Rule(
        "any median works",
        "the original filters floats, for which its library has kernels of 3 and 5 only",
        lambda case, d: d.kind == "item error" and d.found is None and "medianBlur" in str(d.expected),
    ),
    Rule(
        "halves of contours are kept",
        "the original truncates vertices before it simplifies them",
        lambda case, d: (
            d.kind == "points"
            and any("approx_epsilon" in settings for settings in case.settings("find_contours", "bitmap2lines"))
            and _close([[(x + 0.5, y + 0.5) for x, y in ring] for ring in d.expected], d.found)
        ),
    ),
    Rule(
        "simplified vertices keep their fractions",
        "the original truncates all vertices before it simplifies",
        lambda case, d: d.kind == "points" and "approx_vector" in case.words and _truncated(d.found) == d.expected,
    ),
    Rule(
        "road edges have a length",
        "the original's edges shrink to points on plain shapes, and their vertices are truncated",
        lambda case, d: (
            d.kind == "points"
            and "road_lines" in case.words
            and (any(len(set(map(tuple, ring))) == 1 for ring in d.expected) or _truncated(d.found) == d.expected)
        ),
    ),
    Rule(
        "nets of cracks are found by another clustering",
        "an undocumented heuristic; the corners of a net may differ by a cell of its grid",
        lambda case, d: d.kind in ("points", "number of figures") and "find_cracknets" in case.words,
    ),
    Rule(
        "which of equal paths is found is not specified",
        "lines of a skeleton: the original depends on the order of a set",
        lambda case, d: d.kind in ("points", "number of figures", "class") and "bitmap2lines" in case.words,
    ),
    Rule(
        "strokes have the width they say",
        "pixels within half of the thickness; the original's library adds one",
        lambda case, d: d.kind == "mask" and "line2bitmap" in case.words,
    ),
    Rule(
        "a medial axis has ties",
        "which of equal pixels stays is drawn in the library",
        lambda case, d: (
            d.kind == "mask"
            and any(settings.get("method") == "medial_axis" for settings in case.settings("skeletonize"))
        ),
    ),
]


# ---------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a case."""

    case: Case
    missing: tuple[str, ...] = ()
    explained: tuple[str, ...] = ()
    unexplained: tuple[Difference, ...] = ()

    @property
    def kind(self) -> str:
        if self.missing:
            return "skipped"
        return "unexplained" if self.unexplained else "explained" if self.explained else "equal"

    def __str__(self) -> str:
        notes = {
            "skipped": f": needs {', '.join(self.missing)}",
            "unexplained": f": {len(self.unexplained)} differences",
            "explained": f": {'; '.join(self.explained)}",
            "equal": "",
        }
        return f"{self.case.name}: {self.kind}{notes[self.kind]}"


def judge(case: Case, inputs: Path) -> Verdict:
    """Run a case and explain what differs. A case in which the original knows words that this engine lacks is skipped."""
    expected = read_expected(case)
    if not expected.refused and (missing := sorted(case.words - set(CATALOGUE))):
        return Verdict(case, missing=tuple(missing))
    explained: dict[str, None] = {}
    unexplained = []
    try:
        found = run_case(case, inputs)
    except Exception as error:
        crash = Difference("crash", "graph", expected.refused or _summary(expected), f"{type(error).__name__}: {error}")
        return Verdict(case, unexplained=(crash,))
    for difference in compare(expected, found):
        rule = next((rule for rule in RULES if rule.applies(case, difference)), None)
        if rule:
            explained[rule.name] = None
        else:
            unexplained.append(difference)
    return Verdict(case, explained=tuple(explained), unexplained=tuple(unexplained))


def find_cases(folder: Path, only: str = "") -> list[Case]:
    """The cases below a folder, by name."""
    found = sorted(
        path for path in (folder / "cases").iterdir() if only in path.name and (path / "graph.json").exists()
    )
    return [Case(path.name, path, (path / "graph.json").read_text()) for path in found]


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Compare this engine with golden cases of the original one.",
        epilog="example: python tests/golden/run.py golden --verbose",
    )
    parser.add_argument("folder", type=Path, help="holds input/ and cases/")
    parser.add_argument("--verbose", action="store_true", help="show every unexplained difference")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name has this in it")
    arguments = parser.parse_args()
    totals: Counter[str] = Counter()
    for case in find_cases(arguments.folder, arguments.only):
        verdict = judge(case, arguments.folder / "input")
        totals[verdict.kind] += 1
        print(verdict)
        for difference in verdict.unexplained[: None if arguments.verbose else 1]:
            print(f"    {difference}")
    print(
        f"{totals['equal']} equal / {totals['explained']} explained / {totals['unexplained']} unexplained"
        f" ({totals['skipped']} skipped)"
    )
    return int(totals["unexplained"] > 0)


if __name__ == "__main__":
    sys.exit(main())
