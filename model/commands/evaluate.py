"""`python -m model evaluate`: how many clicks a network needs, on objects whose masks are known.

The command: what is evaluated (`model.evaluation.objects`), by which annotator, from which start, and what is said of it
(`model.evaluation.report`), next to baselines that never look at the image.
"""

import argparse
from pathlib import Path
from typing import Any

from model.commands.arguments import add_machine_options
from model.evaluation.annotators import ANNOTATORS
from model.evaluation.baselines import EllipseSession, untrained_network
from model.evaluation.candidates import LOOKS, network_candidate
from model.evaluation.data import FORMS, EvaluationImage, EvaluationImages, open_evaluation
from model.evaluation.objects import QUICK_CLICKS, Candidate, EvaluationPlan, evaluate
from model.evaluation.protocol import MAX_CLICKS
from model.evaluation.report import by_candidate, detail_table, make_room, report, table, write_report
from model.evaluation.sheets import WORST, commonness, sentences, worst_objects
from model.evaluation.starts import STARTS
from model.evaluation.thirds import bounds_of
from model.inference.backend import Backend, TorchBackend, load_backend
from model.inference.device import device_for
from model.settings.classes import DatasetTags, SpecialClasses
from model.weights import zoo
from model.weights.checkpoints import WeightsCard
from pipelines.errors import UserError

BASELINES = ("ellipse", "untrained")
WEIGHTS = "weights"
BOTH = "both"

EPILOG = """examples:
  python -m model evaluate --data voc:VOC2007
  python -m model evaluate --weights runs/first --data OUT/smtool_dataset
  python -m model evaluate --weights runs/first --data voc:VOC2007 --split val --target-size 400
  python -m model evaluate --weights runs/first --data voc:VOC2007 --baseline ellipse --output report --pictures
  python -m model evaluate --baseline ellipse --data voc:VOC2007 --limit 50
  python -m model evaluate --weights runs/first --data berkeley:Berkeley --target-size 400
  python -m model evaluate --weights runs/first --data sbd:benchmark_RELEASE/dataset --target-size 400 --flip
  python -m model evaluate --weights runs/first --data coco:COCO --split val2017
  python -m model evaluate --data voc:VOC2007 --zoom both --annotator people --draws 5 --output report --pictures
  python -m model evaluate --data voc:VOC2007 --zoom people --start damaged
  python -m model evaluate --data voc:VOC2007 --zoom people --start box

NoC@t is the mean number of clicks until the IoU reaches t, failures counted as the largest number of clicks.
"protocol" rows follow the published protocol, and published numbers are for --target-size 400 (DAVIS: 600), mostly with
--flip, and of Pascal VOC for --split val. In "guaranteed" rows every click is written into its own pixel
of the mask, as the tool does for people. Objects at the limit include those that reach t exactly with the last click.
"worse" is the share of clicks that lower the IoU by more than 0.01, "far" that of the pixels a click turns over which lie
farther from it than the radius of a disc as large as the object; both without first clicks, which correct nothing yet.

Annotators, by where they click:
{annotators}
Those with chance have fixed seeds. With several draws, means are over all sessions, "±" is the standard deviation between the
means of the draws, and the worst fifth that of the objects by the mean of their draws.

Starts of a session:
{starts}
From a damaged mask at least one click is made, so NoC begins at 1. The answer to a box is mIoU@0, and counts 0 clicks where
it reaches t. Damaged masks are the same in every evaluation.

Thirds of size go by pixels of the object / pixels of the image; voc2007-44 and carparts-test have fixed bounds, other data
that of the objects evaluated. report.json has all of it, objects.csv a line for each session, worst.png the worst objects and
what they have in common.
""".format(
    annotators="\n".join(f"  {name:10}{kind.meaning}" for name, kind in ANNOTATORS.items()),
    starts="\n".join(f"  {name:10}{start.meaning}" for name, start in STARTS.items()),
)

DESCRIPTION = "Let a simulated annotator click until the masks are right, and report how many clicks that took."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
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
        choices=tuple(ANNOTATORS),
        default="centre",
        help="where in an error it clicks, see below (default: %(default)s)",
    )
    parser.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="sessions an object, for annotators with chance (default: "
        + ", ".join(f"{name} {kind.draws}" for name, kind in ANNOTATORS.items() if kind.has_chance)
        + ")",
    )
    parser.add_argument(
        "--start",
        choices=tuple(STARTS),
        default="nothing",
        help="what sessions start from, see below (default: %(default)s)",
    )
    parser.add_argument(
        "--zoom",
        choices=(*LOOKS, BOTH),
        default="published",
        help="how the network looks at the image; both: side by side in one table (default: %(default)s)",
    )
    parser.add_argument(
        "--target-size",
        type=int,
        metavar="PIXELS",
        help="longer side of a zoomed region (default: that on the card of the weights; published: 400)",
    )
    parser.add_argument(
        "--flip", action="store_true", help="average with the mirrored image, as published; twice the time"
    )
    parser.add_argument(
        "--worst",
        type=int,
        default=WORST,
        metavar="N",
        help="how many of the worst objects are on their sheet, at most a third of all (default: %(default)s)",
    )
    add_machine_options(parser)


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
        candidates += network_candidates(WEIGHTS, backend, card, options)
    for baseline in dict.fromkeys(options.baseline):
        if baseline == "ellipse":
            candidates.append(Candidate("ellipse", lambda image: EllipseSession(_size(image))))
        elif card is not None:
            untrained = TorchBackend(untrained_network(card.network).to(device), card.click_radius, device)
            candidates += network_candidates("untrained", untrained, card, options)
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
    kind = ANNOTATORS[options.annotator]
    plan = EvaluationPlan(
        options.max_clicks,
        options.quick,
        options.annotator,
        options.limit,
        pictures,
        options.draws or kind.draws,
        options.start,
    )
    results = evaluate(images, candidates, plan, progress=options.progress)
    if not results:
        raise UserError(
            f"{options.data}: {len(images)} images without any object to evaluate on; look at --split and --objects"
        )
    first = next(iter(by_candidate(results).values()))
    bounds = bounds_of(options.data, len(images), [result.share for result in first if result.draw == 0])
    scores = report(results, plan, bounds)
    print(table(scores))
    print()
    print(detail_table(scores, plan.draws))
    settings = _settings(options, plan, card, images, len(first) // plan.draws)
    print(f"\n{settings['objects']} objects of {images.description}")
    worst = worst_objects(first, options.worst)
    print(f"the {len(worst)} worst of {first[0].candidate}:")
    for text in sentences(commonness(first, worst)):
        print(f"  {text}")
    if options.output:
        write_report(options.output, results, plan, settings, scores, bounds, options.worst)
        print(f"report in {options.output}")
    return 0


def check_options(options: argparse.Namespace) -> None:
    """UserError for options that do not go together, all of them at once."""
    problems = []
    if options.pictures and not options.output:
        problems.append("--pictures needs --output DIR to draw into")
    if options.draws is not None and options.draws > 1 and not ANNOTATORS[options.annotator].has_chance:
        chance = " or ".join(name for name, kind in ANNOTATORS.items() if kind.has_chance)
        problems.append(
            f"--draws {options.draws}: the annotator {options.annotator} always clicks the same; use --annotator {chance}"
        )
    if options.start != "nothing" and "ellipse" in options.baseline:
        problems.append(
            f"--start {options.start}: the baseline ellipse knows nothing but clicks; leave one of the two out"
        )
    for name in ("max_clicks", "limit", "target_size", "draws", "worst"):
        value = getattr(options, name)
        if value is not None and value < 1:
            problems.append(f"--{name.replace('_', '-')} {value}: must be at least 1")
    if problems:
        raise UserError("\n".join(problems))


def network_candidates(name: str, backend: Backend, card: WeightsCard, options: argparse.Namespace) -> list[Candidate]:
    """The network as one candidate, or as one for each way to look at the image."""
    if options.zoom != BOTH:
        return [network_candidate(name, backend, card, options.zoom, options.target_size, options.flip)]
    return [
        network_candidate(f"{name}, {look}", backend, card, look, options.target_size, options.flip) for look in LOOKS
    ]


def _size(image: EvaluationImage) -> tuple[int, int]:
    return image.pixels.shape[0], image.pixels.shape[1]


def _settings(
    options: argparse.Namespace, plan: EvaluationPlan, card: WeightsCard | None, images: EvaluationImages, objects: int
) -> dict[str, Any]:
    """What the numbers depend on."""
    names = ("data", "split", "max_clicks", "limit", "quick", "annotator", "start", "zoom", "flip")
    settings = {name: getattr(options, name) for name in names} | {"draws": plan.draws}
    settings |= {"objects": objects, "images": len(images), "weights": options.weights}
    if card is not None:
        settings |= {
            "target_size": options.target_size or card.look,
            "network": card.network,
            "input_size": list(card.input_size),
            "click_radius": card.click_radius,
            "trained_on": card.dataset_digest,
        }
    return settings
