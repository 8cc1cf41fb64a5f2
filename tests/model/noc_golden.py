"""Replays reference traces of the evaluation protocol and says where this implementation departs from them.

    python tests/model/noc_golden.py TRACES [DATA]

TRACES is one of the files voc44.json.gz, cases.json, zoom.npz or another of their form, or a folder of them; DATA is the
VOC folder they were made from. Prints one line per group of cases; the exit status is 1 when anything differs.
"""

import argparse
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from model.clicks.threshold import binarise
from model.evaluation.benchmarks.voc import VocFolder, object_truth
from model.evaluation.protocol import Run, clicks_to_reach, count_overlap, never, run_clicks, summarise
from model.inference.backend import TorchBackend
from model.inference.predictor import Predictor, Session
from model.inference.zoom import ZoomIn, overlap, well_inside
from model.projects.images import decode_image
from pipelines.clicks import VOID, Click, Mask, Truth, next_click
from pipelines.image import Rect

PROBABILITY_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Group:
    """Cases of one kind: how many were compared, and what differs."""

    name: str
    compared: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        verdict = "equal" if not self.differences else f"{len(self.differences)} DIFFER, first: {self.differences[0]}"
        return f"{self.name}: {self.compared} compared, {verdict}"


class Collector:
    """Gathers comparisons by group."""

    def __init__(self) -> None:
        self._compared: dict[str, int] = {}
        self._differences: dict[str, list[str]] = {}

    def compare(self, group: str, what: str, ours: object, reference: object) -> None:
        self._compared[group] = self._compared.get(group, 0) + 1
        if ours != reference:
            self._differences.setdefault(group, []).append(f"{what}: {ours!r}, reference {reference!r}")

    def close(self, group: str, what: str, ours: float, reference: float, tolerance: float) -> None:
        near = abs(ours - reference) <= tolerance or (np.isnan(ours) and np.isnan(reference))
        self.compare(group, what, reference if near else ours, reference)

    def groups(self) -> list[Group]:
        return [Group(name, n, tuple(self._differences.get(name, ()))) for name, n in self._compared.items()]


def replay(traces: Path, data: Path | None = None, limit: int | None = None) -> list[Group]:
    """Compare one file of traces. `limit` bounds the number of objects, for a quick look."""
    if traces.suffix == ".npz":
        return replay_zoom(traces, _needed(data, traces), limit)
    opener = gzip.open if traces.suffix == ".gz" else open
    with opener(traces, "rt") as file:
        content = json.load(file)
    if "objects" in content:
        return replay_objects(content, _needed(data, traces), limit)
    return replay_cases(content)


def _needed(data: Path | None, traces: Path) -> VocFolder:
    if data is None:
        raise SystemExit(f"{traces} needs the VOC folder it was made from as second argument")
    return VocFolder(data)


# ---------------------------------------------------------------- toy predictors


@dataclass(frozen=True)
class ToySession:
    """The state of a toy predictor: probabilities 0 or 1 from integer rules."""

    rule: str
    truth: Truth
    clicks: tuple[Click, ...] = ()

    def click(self, x: int, y: int, positive: bool) -> "ToySession":
        return replace(self, clicks=(*self.clicks, Click(x, y, positive)))

    @property
    def probability(self) -> np.ndarray:
        if not self.clicks:
            return np.zeros(self.truth.shape, np.float32)
        return TOYS[self.rule](self.truth, self.clicks).astype(np.float32)


@cache
def _offsets(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(height, dtype=np.int64)[:, None], np.arange(width, dtype=np.int64)[None]


def _squared_distance(shape: tuple[int, int], click: Click) -> np.ndarray:
    y, x = _offsets(*shape)
    return (y - click.y) ** 2 + (x - click.x) ** 2


def discs(truth: Truth, clicks: Sequence[Click]) -> Mask:
    mask = np.zeros(truth.shape, bool)
    for click in clicks:
        mask[625 * _squared_distance(truth.shape, click) <= 9 * min(truth.shape) ** 2] = click.positive
    return mask


def _nearest(truth: Truth, clicks: Sequence[Click]) -> tuple[np.ndarray, Mask]:
    """Squared distance to the nearest click, the earliest of equally near ones, and whether that one is positive."""
    nearest = np.full(truth.shape, np.iinfo(np.int64).max)
    positive = np.zeros(truth.shape, bool)
    for click in clicks:
        squared = _squared_distance(truth.shape, click)
        nearer = squared < nearest
        nearest[nearer] = squared[nearer]
        positive[nearer] = click.positive
    return nearest, positive


def voronoi(truth: Truth, clicks: Sequence[Click]) -> Mask:
    nearest, positive = _nearest(truth, clicks)
    return positive & (4 * nearest <= max(truth.shape) ** 2)


def patch(truth: Truth, clicks: Sequence[Click]) -> Mask:
    nearest, _ = _nearest(truth, clicks)
    near = 400 * nearest <= 9 * min(truth.shape) ** 2
    return np.where(near, truth == 1, voronoi(truth, clicks))


def oracle(truth: Truth, clicks: Sequence[Click]) -> Mask:
    reach = max(0, 20 - 4 * len(clicks))
    inside = truth == 1
    if inside.all():
        return inside
    depth = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return inside & (np.round(depth.astype(np.float64) ** 2) > reach**2)


def perfect(truth: Truth, clicks: Sequence[Click]) -> Mask:
    return truth == 1


TOYS = {"discs": discs, "voronoi": voronoi, "patch": patch, "oracle": oracle, "perfect": perfect}


# ---------------------------------------------------------------- traces of real objects


def replay_objects(content: dict[str, Any], data: VocFolder, limit: int | None) -> list[Group]:
    """All objects with all toy predictors; summaries are compared when all objects were run."""
    found = Collector()
    targets = content["protocol"]["iou_thrs"]
    entries = content["objects"][:limit]
    listed = [(name, int(index)) for name in data.names("trainval") for index, _ in data.truths(name)]
    found.compare("objects", "order", listed[:limit], [(entry["image"], entry["object"]) for entry in entries])
    runs: dict[str, list[Run]] = {}
    for entry in entries:
        truth = object_truth(data.indices(entry["image"]), entry["object"])
        compare_truth(found, entry, truth)
        for rule, reference in entry["runs"].items():
            run = run_clicks(
                ToySession(rule, truth),
                truth,
                max_clicks=content["protocol"]["max_clicks"],
                threshold=content["protocol"]["pred_thr"],
                stop=never,
            )
            runs.setdefault(rule, []).append(run)
            compare_run(found, f"{entry['image']}/{entry['object']}", rule, run, reference, targets)
    if limit is None:
        for rule, reference in content["summary"].items():
            compare_summary(found, rule, runs[rule], reference, targets)
    return found.groups()


def compare_truth(found: Collector, entry: dict[str, Any], truth: Truth) -> None:
    name = f"{entry['image']}/{entry['object']}"
    digest = hashlib.sha256(np.ascontiguousarray(truth).tobytes()).hexdigest()[:16]
    found.compare("masks", name, (*truth.shape, digest), (entry["height"], entry["width"], entry["gt_sha256_16"]))
    counts = (int((truth == 1).sum()), int((truth == VOID).sum()))
    found.compare("masks", f"{name} counts", counts, (entry["n_object"], entry["n_ignore"]))


def compare_run(
    found: Collector, name: str, rule: str, run: Run, reference: dict[str, Any], targets: Sequence[float]
) -> None:
    found.compare(f"{rule} clicks", name, as_rows(step.click for step in run.steps), reference["clicks"])
    if "inter" in reference:
        found.compare(f"{rule} pixels", name, [step.intersection for step in run.steps], reference["inter"])
        found.compare(f"{rule} pixels", name, [step.union for step in run.steps], reference["union"])
    if "iou" in reference:
        found.compare(f"{rule} IoU", name, [step.iou for step in run.steps], reference["iou"])
    counts = [clicks_to_reach(run.ious(), target) for target in targets]
    found.compare(f"{rule} NoC", name, counts, reference["noc"])


def compare_summary(
    found: Collector, rule: str, runs: Sequence[Run], reference: dict[str, Any], targets: Sequence[float]
) -> None:
    summary = summarise(runs, targets=targets)
    group = f"{rule} summary"
    for target, mean in zip(targets, reference["noc_mean"], strict=True):
        found.close(group, f"NoC@{target}", summary.noc[target], mean, 1e-12)
    found.compare(group, "over_20", [summary.at_limit[target] for target in targets], reference["over_20"])
    never_reached = [summary.never_reached[target] for target in targets]
    found.compare(group, "never_reached", never_reached, reference["never_reached"])
    for number, (ours, mean) in enumerate(zip(summary.mean_iou, reference["mean_iou_after_click"], strict=True), 1):
        found.close(group, f"mean IoU after click {number}", ours, mean, 1e-12)


def as_rows(clicks: Iterable[Click]) -> list[list[int]]:
    """Clicks as the traces write them: positive, row, column."""
    return [[int(click.positive), click.y, click.x] for click in clicks]


def as_clicks(rows: Iterable[Sequence[int]]) -> list[Click]:
    return [Click(int(column), int(row), bool(positive)) for positive, row, column in rows]


# ---------------------------------------------------------------- hand-made cases


def replay_cases(content: dict[str, Any]) -> list[Group]:
    found = Collector()
    for case in content["next_click"]:
        truth, mask = drawn_truth(case["gt"]), drawn_mask(case["pred"])
        click = next_click(truth, mask, as_clicks(case["clicked"]))
        found.compare("next click", case["name"], as_rows([click])[0], case["next"])
    for case in content["iou"]:
        intersection, union = count_overlap(drawn_truth(case["gt"]), drawn_mask(case["pred"]))
        iou = intersection / union if union else None
        found.compare("IoU", case["name"], iou, case["iou"])
    for case in content["noc"]:
        compare_noc(found, case)
    threshold = content["threshold"]
    exact = np.array([int(word, 16) for word in threshold["probs_float32_hex"]], np.uint32).view(np.float32)
    mask = binarise(exact, threshold["pred_thr"]).astype(int).tolist()
    found.compare("threshold", "mask", mask, threshold["mask"])
    for number, case in enumerate(content["roi"]):
        compare_region(found, f"case {number}", case)
    for number, case in enumerate(content["roi_update"]):
        compare_region_update(found, f"case {number}", case)
    return found.groups()


def compare_noc(found: Collector, case: dict[str, Any]) -> None:
    maximum = case["max_clicks"]
    counts = [[clicks_to_reach(_ious(ious), t, maximum) for t in case["iou_thrs"]] for ious in case["ious"]]
    found.compare("NoC", case["name"], counts, case["per_object"])
    columns = list(zip(*counts, strict=True))
    for column, mean, over in zip(columns, case["mean"], case["over"], strict=True):
        found.close("NoC", f"{case['name']}: mean", float(np.mean(column)), mean, 1e-12)
        found.compare("NoC", f"{case['name']}: over", column.count(maximum), over)


def _ious(values: Iterable[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def compare_region(found: Collector, name: str, case: dict[str, Any]) -> None:
    probability = np.zeros((case["height"], case["width"]), np.float32)
    if case["rect"] is not None:
        top, bottom, left, right = case["rect"]
        probability[top : bottom + 1, left : right + 1] = 1
    zoom = ZoomIn()
    region = zoom.region_around(probability, as_clicks(case["clicks"]))
    found.compare("region", name, _ends(region), case["roi"])
    if region is not None:
        found.compare("region", f"{name} size", list(zoom.input_size(region.height, region.width)), case["net_hw"])


def compare_region_update(found: Collector, name: str, case: dict[str, Any]) -> None:
    old, current = _rect(*case["old"]), _rect(*case["current"])
    clicks = as_clicks(case["clicks"])
    contains = all(well_inside(old, click) for click in clicks if click.positive)
    found.compare("region update", f"{name} contains", contains, case["contains"])
    found.close("region update", f"{name} overlap", overlap(current, old), case["overlap"], 1e-12)
    found.compare("region update", f"{name} update", ZoomIn().needs_new_region(old, current, clicks), case["update"])


def _ends(region: Rect | None) -> list[int] | None:
    """As the traces have them: top, bottom, left, right, all within the region."""
    return None if region is None else [region.top, region.bottom - 1, region.left, region.right - 1]


def _rect(top: int, bottom: int, left: int, right: int) -> Rect:
    return Rect(left, top, right + 1, bottom + 1)


def drawn_truth(rows: Sequence[str]) -> Truth:
    return np.array([[{"1": 1, "0": 0, ".": VOID}[letter] for letter in row] for row in rows], np.int8)


def drawn_mask(rows: Sequence[str]) -> Mask:
    return np.array([[letter == "1" for letter in row] for row in rows])


# ---------------------------------------------------------------- a small network, zoom-in and flip


class ReferenceNetwork(nn.Module):
    """The small network of the traces: image (B, 3, H, W), maps (B, 3, H, W) → logits (B, 1, H, W)."""

    mean: Tensor
    std: Tensor

    def __init__(self, weights: dict[str, np.ndarray], bias_minus: float = 0.0) -> None:
        super().__init__()
        self.weights = {name: torch.from_numpy(values) for name, values in weights.items()}
        self.bias_minus = bias_minus
        self.mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        self.std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

    def forward(self, image: Tensor, maps: Tensor) -> Tensor:
        half = self.half_size(image, maps)
        return F.interpolate(half, size=image.shape[2:], mode="bilinear", align_corners=True)

    def half_size(self, image: Tensor, maps: Tensor) -> Tensor:
        image = (image - self.mean) / self.std
        x = torch.relu(
            self._convolve("stem", image, stride=2, padding=1) + self._convolve("maps", maps, stride=2, padding=1)
        )
        for number in range(5):
            reach = 2**number
            x = x + torch.relu(self._convolve(f"body{number}", x, padding=reach, dilation=reach))
        return self._convolve("head", x) - self.bias_minus

    def _convolve(self, name: str, x: Tensor, **options: int) -> Tensor:
        return F.conv2d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], **options)


def reference_weights(traces: Any) -> dict[str, np.ndarray]:
    return {name[2:]: traces[name] for name in traces.files if name.startswith("w.")}


def replay_zoom(path: Path, data: VocFolder, limit: int | None) -> list[Group]:
    traces = np.load(path)
    found = Collector()
    compare_unit(found, traces)
    for entry in json.loads(str(traces["meta"]))["runs"][:limit]:
        compare_zoom_run(found, traces, entry, data)
    return found.groups()


def compare_unit(found: Collector, traces: Any) -> None:
    """The network alone, with the click discs drawn by the project's own code."""
    from model.clicks.tensors import network_maps

    rows = torch.from_numpy(traces["unit.points"]).clone()
    padding = (rows[..., :2] < 0).all(dim=2)
    labels = torch.ones(rows.shape[:2])
    labels[:, rows.shape[1] // 2 :] = 0
    labels[padding] = -1
    points = torch.stack([rows[..., 1], rows[..., 0], labels], dim=2)
    stacked = torch.from_numpy(traces["unit.input"])
    maps = network_maps(points, stacked[:, 3:], 5.0)
    found.compare("network", "discs", bool((maps[:, 1:].numpy() == traces["unit.discs"]).all()), True)
    network = ReferenceNetwork(reference_weights(traces))
    logits = network(stacked[:, :3], maps).numpy()
    found.close("network", "logits", float(np.abs(logits - traces["unit.logits"]).max()), 0.0, 1e-3)


def compare_zoom_run(found: Collector, traces: Any, entry: dict[str, Any], data: VocFolder) -> None:
    name = f"run {entry['run']}"
    prefix = f"run{entry['run']}."
    image = decode_image(data.image_path(entry["image"]).read_bytes(), entry["image"])
    found.compare("pictures", name, hashlib.sha256(image.tobytes()).hexdigest(), entry["rgb_sha256"])
    truth = object_truth(data.indices(entry["image"]), entry["object"])
    network = ReferenceNetwork(reference_weights(traces), entry["head_bias_minus"])
    predictor = Predictor(TorchBackend(network, 5.0), ZoomIn(), flip=True, guarantee=False)
    sessions: list[Session] = []
    run = run_clicks(
        predictor.set_image(image), truth, stop=never, watch=lambda session, mask: sessions.append(session)
    )
    found.compare("zoom clicks", name, as_rows(step.click for step in run.steps), traces[prefix + "clicks"].tolist())
    counts = [clicks_to_reach(run.ious(), target) for target in (0.8, 0.85, 0.9)]
    found.compare("zoom NoC", name, counts, entry["noc"])
    for index, (step, session) in enumerate(zip(run.steps, sessions, strict=True)):
        compare_zoom_step(found, traces, prefix, index, step.iou, session)


def compare_zoom_step(found: Collector, traces: Any, prefix: str, index: int, iou: float, session: Session) -> None:
    where = f"{prefix}{index + 1}"
    view = session.view
    if view is None:
        raise TypeError("a session after a click has a view")
    ends = _ends(session.region) or [-1] * 4
    found.compare("zoom regions", where, ends, traces[prefix + "roi"][index].tolist())
    found.compare("zoom sizes", where, list(view.input_hw), traces[prefix + "net_hw"][index].tolist())
    found.compare("zoom whole image", where, view.look is None, not traces[prefix + "zoomed"][index])
    newest = view.points(session.clicks, session.size_hw)[0, -1].tolist()
    row, column = traces[prefix + "last_click_net"][index].tolist()
    found.close("zoom points", where, max(abs(newest[1] - row), abs(newest[0] - column)), 0.0, 1e-3)
    reference = traces[prefix + "prob"][index].astype(np.float64) / 65535
    departure = np.abs(session.probability[::4, ::4] - reference).max()
    found.close("zoom probabilities", where, float(departure), 0.0, PROBABILITY_TOLERANCE)
    pixels = float(session.probability.size)
    total = float(session.probability.astype(np.float64).sum())
    found.close("zoom probability sums", where, total / pixels, traces[prefix + "prob_sum"][index] / pixels, 1e-5)
    found.close("zoom IoU", where, iou, float(traces[prefix + "iou"][index]), 1e-3)


def report(groups: Iterable[Group]) -> Iterator[str]:
    return (str(group) for group in groups)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path, metavar="TRACES", help="voc44.json.gz, cases.json, zoom.npz or alike")
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA", help="the VOC folder of the traces")
    parser.add_argument("--limit", type=int, help="compare only so many objects")
    options = parser.parse_args(arguments)
    files = trace_files(options.traces)
    if not files:
        parser.error(f"{options.traces} is no file of traces, nor a folder with *.json, *.json.gz or *.npz in it")
    departed = False
    for file in files:
        groups = replay(file, options.data, options.limit)
        for line in report(groups):
            print(line, flush=True)
        departed |= any(group.differences for group in groups)
    return int(departed)


def trace_files(location: Path) -> list[Path]:
    """The file at `location`, or those in the folder there; none where there is neither."""
    if location.is_dir():
        return sorted(path for path in location.iterdir() if path.name.endswith((".json", ".json.gz", ".npz")))
    return [location] if location.is_file() else []


if __name__ == "__main__":
    sys.exit(main())
