"""`python -m model evaluate`: how many clicks a network needs, on objects whose masks are known.

Report, table, curve and pictures of the protocol in `model.noc`, next to baselines that never look at the image.
"""

import argparse
import csv
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from model import zoo
from model.accelerator import add_machine_options, device_for
from model.backend import Backend, TorchBackend, load_backend
from model.baselines import EllipseSession, untrained_network
from model.config import DatasetTags, SpecialClasses
from model.drawing import Picture, captioned, file_name, fitted, overlay, side_by_side, stacked, write_picture
from model.errors import UserError
from model.evaluation_data import FORMS, EvaluationImage, EvaluationImages, open_evaluation
from model.labelled_images import decode_image
from model.noc import (
    CURVE_CLICKS,
    IOU_TARGETS,
    MAX_CLICKS,
    Annotator,
    Run,
    Step,
    Summary,
    clicks_to_reach,
    perfect,
    reached,
    run_clicks,
    summarise,
)
from model.predictor import ClickSession, Predictor
from model.preprocess import ZoomIn
from model.weights import WeightsCard
from pipelines.clicks import Click, Mask, Truth, next_click, random_click

BASELINES = ("ellipse", "untrained")
WEIGHTS = "weights"
PICTURED_CLICKS = (1, 3, 5)
SHEET_OBJECTS = 4
"""So many of the best, the median and the worst objects are on the contact sheet."""
PANEL_SIDE = 320
"""Longer side of one panel of a picture, in pixels."""
QUICK_CLICKS = max(CURVE_CLICKS)
RANKED_BY_CLICKS = 5
"""Pictures are ranked by the mean IoU of so many first clicks."""

EPILOG = """examples:
  python -m model evaluate --data voc:VOC2007
  python -m model evaluate --weights runs/first --data OUT/smtool_dataset
  python -m model evaluate --weights runs/first --data voc:VOC2007 --split val --target-size 400
  python -m model evaluate --weights runs/first --data voc:VOC2007 --baseline ellipse --output report --pictures
  python -m model evaluate --baseline ellipse --data voc:VOC2007 --limit 50
  python -m model evaluate --weights runs/first --data berkeley:Berkeley --target-size 400
  python -m model evaluate --weights runs/first --data sbd:benchmark_RELEASE/dataset --target-size 400 --flip
  python -m model evaluate --weights runs/first --data coco:COCO --split val2017

NoC@t is the mean number of clicks until the IoU reaches t, failures counted as the largest number of clicks.
"protocol" rows follow the published protocol, and published numbers are for --target-size 400 (DAVIS: 600), mostly with
--flip, and of Pascal VOC for --split val. In "guaranteed" rows every click is written into its own pixel
of the mask, as the tool does for people. Objects at the limit include those that reach t exactly with the last click.
"""


@dataclass(frozen=True)
class Candidate:
    """Something that answers clicks, and the name it has in the report."""

    name: str
    start: Callable[[EvaluationImage], ClickSession]


@dataclass(frozen=True)
class Remembered:
    """A session that keeps what followed each click, so that a second run pays only where it departs from the first."""

    session: ClickSession
    followers: dict[Click, "Remembered"] = field(default_factory=dict)

    @property
    def probability(self) -> np.ndarray:
        return self.session.probability

    def click(self, x: int, y: int, positive: bool) -> "Remembered":
        click = Click(x, y, positive)
        if click not in self.followers:
            self.followers[click] = Remembered(self.session.click(x, y, positive))
        return self.followers[click]


@dataclass(frozen=True)
class ObjectResult:
    """One object with one candidate."""

    candidate: str
    image: str
    object_name: str
    pixels: int
    protocol: Run
    """The published protocol."""
    guaranteed: Run
    """The same with every click obeyed at its own pixel."""
    seconds: float
    """Of the protocol run: network and simulated annotator, without decoding."""
    picture: Path | None = None

    @property
    def score(self) -> float:
        """Mean IoU of the first clicks."""
        return float(np.nanmean(self.protocol.ious(RANKED_BY_CLICKS)))


@dataclass(frozen=True)
class Plan:
    """How objects are run."""

    max_clicks: int = MAX_CLICKS
    quick: bool = False
    annotator: str = "centre"
    limit: int | None = None
    pictures: Path | None = None

    def stop(self) -> Callable[[Sequence[Step]], bool]:
        return reached(max(IOU_TARGETS), QUICK_CLICKS) if self.quick else perfect

    def annotator_for(self, number: int) -> Annotator:
        """The annotator of object `number`; a random one has a generator for each object, whatever comes before it."""
        if self.annotator == "centre":
            return next_click
        rng = np.random.Generator(np.random.Philox(key=number))

        def anywhere(truth: Truth, mask: Mask, clicks: Sequence[Click]) -> Click:
            return random_click(truth, mask, rng, clicks)

        return anywhere


def evaluate(
    images: EvaluationImages, candidates: Sequence[Candidate], plan: Plan, progress: bool | None = False
) -> list[ObjectResult]:
    """Every object with every candidate. With `plan.pictures`, those of the first candidate are drawn there."""
    results: list[ObjectResult] = []
    with tqdm(
        total=len(images),
        unit="image",
        desc="evaluate",
        file=sys.stderr,
        disable=None if progress is None else not progress,
    ) as bar:
        for number, (image, name, truth, first) in enumerate(islice(_objects(images), plan.limit)):
            bar.update(first)
            for candidate in candidates:
                pictures = plan.pictures if candidate is candidates[0] else None
                results.append(run_object(candidate, image, name, truth, number, plan, pictures))
            bar.set_postfix_str(f"{number + 1} objects")
    return results


def _objects(images: Iterable[EvaluationImage]) -> Iterator[tuple[EvaluationImage, str, Truth, bool]]:
    """Image, object name, mask, and whether it is the first object of its image."""
    for image in images:
        for place, (name, truth) in enumerate(image.objects):
            yield image, name, truth, place == 0


def run_object(
    candidate: Candidate,
    image: EvaluationImage,
    name: str,
    truth: Truth,
    number: int,
    plan: Plan,
    pictures: Path | None = None,
) -> ObjectResult:
    """One object: the protocol, and once more with every click obeyed. `number` counts the objects from 0."""
    session = Remembered(candidate.start(image))
    masks: list[Mask] = []
    begun = time.perf_counter()
    protocol = run_clicks(
        session,
        truth,
        max_clicks=plan.max_clicks,
        stop=plan.stop(),
        annotator=plan.annotator_for(number),
        watch=(lambda _, mask: masks.append(mask)) if pictures else None,
    )
    seconds = time.perf_counter() - begun
    guaranteed = run_clicks(
        session,
        truth,
        max_clicks=plan.max_clicks,
        guarantee=True,
        stop=plan.stop(),
        annotator=plan.annotator_for(number),
    )
    picture = None
    if pictures is not None:
        picture = pictures / f"{number:05d}_{file_name(image.name)}_{file_name(name)}.png"
        write_picture(picture, draw_run(image.pixels, truth, protocol, masks, f"{image.name}, object {name}"))
    pixels = int((truth == 1).sum())
    return ObjectResult(candidate.name, image.name, name, pixels, protocol, guaranteed, seconds, picture)


def draw_run(image: Picture, truth: Truth, run: Run, masks: Sequence[Mask], title: str) -> Picture:
    """The image with the true outline, then mask and clicks after the 1st, 3rd, 5th and last click, side by side."""
    panels = [captioned(fitted(overlay(image, truth=truth), PANEL_SIDE), title)]
    last = len(run.steps)
    for number in sorted({*(n for n in PICTURED_CLICKS if n < last), last}):
        clicks = [step.click for step in run.steps[:number]]
        text = f"{number} click{'s' if number > 1 else ''}, IoU {run.steps[number - 1].iou:.3f}"
        drawn = overlay(image, masks[number - 1], truth, clicks)
        panels.append(captioned(fitted(drawn, PANEL_SIDE), text))
    return side_by_side(panels)


def best_median_worst(results: Sequence[ObjectResult]) -> list[tuple[str, ObjectResult]]:
    """The pictured objects of the sheet, each with its rank: the best, those around the median, and the worst."""
    ranked = sorted((result for result in results if result.picture), key=lambda result: -result.score)
    if len(ranked) <= 3 * SHEET_OBJECTS:
        return [(f"{place + 1} of {len(ranked)}", result) for place, result in enumerate(ranked)]
    middle = (len(ranked) - SHEET_OBJECTS) // 2
    rows = {"best": 0, "median": middle, "worst": len(ranked) - SHEET_OBJECTS}
    return [(name, result) for name, at in rows.items() for result in ranked[at : at + SHEET_OBJECTS]]


# ---------------------------------------------------------------- the report


def by_candidate(results: Sequence[ObjectResult]) -> dict[str, list[ObjectResult]]:
    """The results of each candidate, in the order they were run."""
    found: dict[str, list[ObjectResult]] = {}
    for result in results:
        found.setdefault(result.candidate, []).append(result)
    return found


def report(results: Sequence[ObjectResult], plan: Plan) -> dict[str, Any]:
    """The scores of every candidate, before and after the guarantee, as plain JSON values."""
    scores: dict[str, Any] = {}
    for name, found in by_candidate(results).items():
        clicks = sum(len(result.protocol.steps) for result in found)
        scores[name] = {
            "protocol": summary_json(summarise([result.protocol for result in found], plan.max_clicks)),
            "guaranteed": summary_json(summarise([result.guaranteed for result in found], plan.max_clicks)),
            "seconds_per_click": sum(result.seconds for result in found) / clicks,
        }
    return scores


def summary_json(summary: Summary) -> dict[str, Any]:
    """A summary under the names of published tables; not-a-number becomes null."""
    raw = asdict(summary)
    for key in ("noc", "at_limit", "never_reached"):
        raw[key] = {f"{round(100 * target)}": value for target, value in raw[key].items()}
    raw["mean_iou_at"] = {str(n): raw["mean_iou"][n - 1] for n in CURVE_CLICKS if n <= len(raw["mean_iou"])}
    raw["mean_iou"] = [_number(value) for value in raw["mean_iou"]]
    raw["obedience_at"] = [_number(value) for value in raw["obedience_at"]]
    return raw


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def table(scores: dict[str, Any]) -> str:
    """The scores as lines of text."""
    head = ["", "", *(f"NoC@{t:.0%}"[:-1] for t in IOU_TARGETS), "≥lim@90", "never@90"]
    head += [f"mIoU@{n}" for n in CURVE_CLICKS] + ["obeyed", "newest", "worse", "s/click"]
    rows = [head]
    for name, score in scores.items():
        for kind in ("protocol", "guaranteed"):
            s = score[kind]
            row = [name, kind, *(f"{s['noc'][f'{round(100 * t)}']:.2f}" for t in IOU_TARGETS)]
            row += [str(s["at_limit"]["90"]), str(s["never_reached"]["90"])]
            row += [f"{s['mean_iou_at'][str(n)]:.3f}" if str(n) in s["mean_iou_at"] else "-" for n in CURVE_CLICKS]
            row += [f"{s['obedience']:.3f}", f"{s['newest_obeyed']:.3f}", f"{s['regressions']:.3f}"]
            row += [f"{score['seconds_per_click']:.3f}" if kind == "protocol" else ""]
            rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = []
    for row in rows:
        cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write_csv(path: Path, results: Sequence[ObjectResult], max_clicks: int) -> None:
    """One line for each object, candidate and kind of run."""
    targets = [f"noc{round(100 * target)}" for target in IOU_TARGETS]
    head = ["predictor", "kind", "image", "object", "pixels", "clicks", *targets]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*head, *(f"iou{number}" for number in range(1, max_clicks + 1))])
        for result in results:
            for kind, run in (("protocol", result.protocol), ("guaranteed", result.guaranteed)):
                ious = run.ious(max_clicks)
                counts = [clicks_to_reach(ious, target, max_clicks) for target in IOU_TARGETS]
                row = [result.candidate, kind, result.image, result.object_name, result.pixels, len(run.steps), *counts]
                writer.writerow([*row, *(f"{iou:.6f}" for iou in ious)])


def write_curve(path: Path, scores: dict[str, Any], title: str) -> None:
    """The mean IoU over the clicks, one line for each candidate, dashed with every click obeyed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, score) in enumerate(scores.items()):
        for kind, style in (("protocol", "-"), ("guaranteed", "--")):
            curve = score[kind]["mean_iou"]
            axes.plot(range(1, len(curve) + 1), curve, style, color=f"C{number}", marker=".", label=f"{name}, {kind}")
    axes.set(xlabel="clicks", ylabel="mean IoU", ylim=(0, 1), title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


def make_room(output: Path) -> None:
    """Make the folder of a report, and take away an earlier report's pictures, which would not belong to the new numbers."""
    if output.exists() and not output.is_dir():
        raise UserError(f"--output {output} is a file; name a folder for the report")
    output.mkdir(parents=True, exist_ok=True)
    (output / "contact_sheet.png").unlink(missing_ok=True)
    for picture in (output / "pictures").glob("*.png"):
        picture.unlink()


def write_report(
    output: Path, results: Sequence[ObjectResult], plan: Plan, settings: dict[str, Any], scores: dict[str, Any]
) -> None:
    """report.json, objects.csv, curve.png and, where pictures were drawn, contact_sheet.png."""
    content = {"settings": settings, "scores": scores}
    (output / "report.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    write_csv(output / "objects.csv", results, plan.max_clicks)
    write_curve(output / "curve.png", scores, f"{settings['data']}, {settings['objects']} objects")
    cells = []
    for rank, result in best_median_worst(results):
        drawn = _read_picture(result.picture)
        cells.append(captioned(drawn, f"{rank}: mean IoU of {RANKED_BY_CLICKS} clicks {result.score:.3f}"))
    if cells:
        write_picture(output / "contact_sheet.png", stacked(cells))


def _read_picture(path: Path | None) -> Picture:
    if path is None:
        raise ValueError("an object of the contact sheet has no picture")
    return decode_image(path.read_bytes(), str(path))


# ---------------------------------------------------------------- command line


def add_parser(subparsers: Any) -> None:
    """Adds the command `evaluate`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="count the clicks that a network needs (NoC), with pictures and baselines",
        description="Let a simulated annotator click until the masks are right, and report how many clicks that took.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--weights",
        metavar="W",
        help="a checkpoint, the folder of a training run, an exported .onnx file, or zoo:NAME "
        f"(default: {zoo.DEFAULT}; with --baseline ellipse alone: none)",
    )
    parser.add_argument("--data", required=True, metavar="DATASET", help=FORMS)
    parser.add_argument(
        "--split",
        help="image tag, list of a VOC or SBD folder, or dataset of coco:, mapillary: and masks:; "
        "`all` for everything (default: val where there is one; of a VOC folder trainval before val)",
    )
    parser.add_argument(
        "--objects",
        choices=("merged", "separate"),
        help="one object an image (datasets) or each figure (all others); benchmarks say themselves",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="where report.json, objects.csv and curve.png go")
    parser.add_argument(
        "--pictures", action="store_true", help="also draw every object after 1, 3, 5 and all clicks, into DIR/pictures"
    )
    parser.add_argument(
        "--baseline", action="append", choices=BASELINES, default=[], help="another row of the table; may be repeated"
    )
    parser.add_argument(
        "--max-clicks", type=int, default=MAX_CLICKS, metavar="N", help="clicks an object (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N objects")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"stop at IoU 0.90, after at least {QUICK_CLICKS} clicks; NoC stays the same",
    )
    parser.add_argument(
        "--annotator",
        choices=("centre", "random"),
        default="centre",
        help="where in an error it clicks (default: %(default)s)",
    )
    parser.add_argument(
        "--zoom",
        choices=("published", "people"),
        default="published",
        help="how the network looks at the image (default: %(default)s)",
    )
    parser.add_argument(
        "--target-size",
        type=int,
        metavar="PIXELS",
        help="longer side of a zoomed region (default: the training's input size; published: 400)",
    )
    parser.add_argument(
        "--flip", action="store_true", help="average with the mirrored image, as published; twice the time"
    )
    add_machine_options(parser)
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """The command: evaluates, prints the table, writes the report."""
    check_options(options)
    if options.weights is None and set(options.baseline) != {"ellipse"}:
        options.weights = zoo.DEFAULT
    device = device_for(options.accelerator, options.weights or "")
    card: WeightsCard | None = None
    candidates: list[Candidate] = []
    if options.weights:
        backend, card = load_backend(options.weights, device)
        candidates.append(_network_candidate(WEIGHTS, backend, card, options))
    for baseline in dict.fromkeys(options.baseline):
        if baseline == "ellipse":
            candidates.append(Candidate("ellipse", lambda image: EllipseSession(_size(image))))
        elif card is not None:
            untrained = TorchBackend(untrained_network(card.preset).to(device), card.click_radius, device)
            candidates.append(_network_candidate("untrained", untrained, card, options))
    config = card.config if card else {}
    images = open_evaluation(
        options.data,
        options.split,
        options.objects,
        SpecialClasses(**config.get("special_classes", {})),
        DatasetTags(**config.get("dataset_tags", {})),
    )
    if options.output:
        make_room(options.output)
    pictures = options.output / "pictures" if options.pictures else None
    plan = Plan(options.max_clicks, options.quick, options.annotator, options.limit, pictures)
    results = evaluate(images, candidates, plan, progress=options.progress)
    if not results:
        raise UserError(
            f"{options.data}: {len(images)} images without any object to evaluate on; look at --split and --objects"
        )
    scores = report(results, plan)
    print(table(scores))
    settings = _settings(options, card, images, len(results) // len(candidates))
    print(f"{settings['objects']} objects of {images.description}")
    if options.output:
        write_report(options.output, results, plan, settings, scores)
        print(f"report in {options.output}")
    return 0


def check_options(options: argparse.Namespace) -> None:
    """UserError for options that do not go together, all of them at once."""
    problems = []
    if options.pictures and not options.output:
        problems.append("--pictures needs --output DIR to draw into")
    for name in ("max_clicks", "limit", "target_size"):
        value = getattr(options, name)
        if value is not None and value < 1:
            problems.append(f"--{name.replace('_', '-')} {value}: must be at least 1")
    if problems:
        raise UserError("\n".join(problems))


def _network_candidate(name: str, backend: Backend, card: WeightsCard, options: argparse.Namespace) -> Candidate:
    target = options.target_size or card.look
    zoom = ZoomIn.for_people(target) if options.zoom == "people" else ZoomIn(target_size=target)
    predictor = Predictor(backend, zoom, flip=options.flip, guarantee=False)
    return Candidate(name, lambda image: predictor.set_image(image.pixels))


def _size(image: EvaluationImage) -> tuple[int, int]:
    return image.pixels.shape[0], image.pixels.shape[1]


def _settings(
    options: argparse.Namespace, card: WeightsCard | None, images: EvaluationImages, objects: int
) -> dict[str, Any]:
    """What the numbers depend on."""
    names = ("data", "split", "max_clicks", "limit", "quick", "annotator", "zoom", "flip")
    settings = {name: getattr(options, name) for name in names}
    settings |= {"objects": objects, "images": len(images), "weights": options.weights}
    if card is not None:
        settings |= {
            "target_size": options.target_size or card.look,
            "preset": card.preset,
            "input_size": list(card.input_size),
            "click_radius": card.click_radius,
            "trained_on": card.dataset_digest,
        }
    return settings
