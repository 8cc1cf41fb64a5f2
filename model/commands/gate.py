"""`python -m model gate`: whether new weights may replace the old default."""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from model.commands.arguments import add_progress_option
from model.evaluation.click_times import REPEATS, THREADS, click_times
from model.evaluation.data import EvaluationImages, open_evaluation
from model.evaluation.gate import (
    BUSY,
    NEW,
    OLD,
    RULES,
    SETS,
    SHORT_REPEATS,
    TIMED,
    GateSet,
    Measured,
    checks_of,
    measure,
    time_checks,
    verdict_table,
    write_picture_of,
)
from model.evaluation.objects import EvaluationPlan
from model.evaluation.paired_bootstrap import CONFIDENCE, RESAMPLES
from model.inference.export import export
from model.inference.onnx_backend import OnnxBackend
from model.weights import zoo
from model.weights.checkpoints import WeightsCard, load_network
from pipelines.errors import UserError

EPILOG = f"""{RULES}
examples:
  python -m model gate --weights runs/first --voc data/voc2007-44 --carparts data/carparts-test --output gate
  python -m model gate --weights runs/first --voc data/voc2007-44 --carparts data/carparts-test --limit 10

Both networks are exported to ONNX in a temporary folder, and each is evaluated by the published protocol by both looks, with
the input size that its card names; sessions end at IoU 0.90, after at least 10 clicks, as with `evaluate --quick`.
The folder gets gate.json and gate.png. With --limit, or on other sets, nothing can pass: it is not a verdict.
Exit status: 0 passed, 1 not passed, 2 a mistake in what was asked.
"""

DESCRIPTION = "Compare new weights with the old default on two sets, and say whether they may replace it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--weights", metavar="W", help="the new ones: a checkpoint, the folder of a training run, or zoo:NAME"
    )
    parser.add_argument("--against", default=zoo.DEFAULT, metavar="W", help="the old ones (default: %(default)s)")
    for each in SETS:
        parser.add_argument(f"--{each.option}", metavar="DIR", help=f"{each.name}: {each.what}")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where gate.json and gate.png go")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N objects of each set, for a short try; not a verdict"
    )
    add_progress_option(parser)


def run(options: argparse.Namespace) -> int:
    """The command; the exit status says whether the new weights passed."""
    sets = checked(options)
    networks = {name: load_network(weights) for name, weights in ((NEW, options.weights), (OLD, options.against))}
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    plan = EvaluationPlan(quick=True, limit=options.limit, guaranteed=False)
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        backends: dict[str, tuple[OnnxBackend, WeightsCard]] = {}
        timed: dict[str, OnnxBackend] = {}
        for name, (network, card) in networks.items():
            file = Path(folder) / f"{name}.onnx"
            export(network, card, file)
            timed[name], _ = OnnxBackend.load(file, THREADS)
            # As many threads as PyTorch takes: OMP_NUM_THREADS then holds for both.
            backends[name] = OnnxBackend.load(file, torch.get_num_threads())
        measured = [
            one for each, images in sets.items() for one in measure(each, images, backends, plan, options.progress)
        ]
        load = os.getloadavg()[0]
        repeats = REPEATS if options.limit is None else SHORT_REPEATS
        times = {
            name: click_times(timed[name], card.look, repeats, progress=options.progress)
            for name, (_, card) in backends.items()
        }
    checks = [check for one in measured for check in checks_of(one, plan.max_clicks)]
    checks += time_checks(times[NEW], times[OLD])
    reservations = reservations_about(options, measured)
    failed = [check for check in checks if not check.passed]
    passed = not failed and not reservations
    print(f"new: {options.weights}\nold: {options.against}\n")
    print(verdict_table(checks))
    print()
    if load > BUSY:
        print(
            f"the times are those of a busy machine: {load:.1f} programs wanted a processor before they were measured"
        )
    if reservations:
        print("not a verdict: " + "; ".join(reservations))
    print(_conclusion(len(checks), len(failed), bool(reservations)))
    if options.output:
        content = {
            "passed": passed,
            "not_a_verdict_because": reservations,
            "new": options.weights,
            "old": options.against,
            "objects": {one.where: len(one.new) for one in measured},
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "load_before_times": load,
            "milliseconds": {
                name: {
                    what: {f"p{q}": 1000 * float(np.percentile(of(found), q)) for q in (50, 95)}
                    for what, of in TIMED.items()
                }
                for name, found in times.items()
            },
            "checks": [asdict(check) for check in checks],
        }
        (options.output / "gate.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        write_picture_of(options.output / "gate.png", checks, measured, plan.max_clicks)
        print(f"gate.json and gate.png in {options.output}")
    return 0 if passed else 1


def _conclusion(checks: int, failed: int, is_try: bool) -> str:
    if failed:
        return f"NOT PASSED: {failed} of {checks} checks failed"
    return f"all {checks} checks passed" + (", in a try" if is_try else ": the new weights may be the default")


def checked(options: argparse.Namespace) -> dict[GateSet, EvaluationImages]:
    """The two sets. UserError with everything that is wrong with the options."""
    problems = []
    if not options.weights:
        problems.append("--weights W is missing: the new weights, a checkpoint, the folder of a run, or zoo:NAME")
    if options.limit is not None and options.limit < 1:
        problems.append(f"--limit {options.limit}: must be at least 1")
    if options.output and options.output.is_file():
        problems.append(f"--output {options.output} is a file; name a folder")
    sets = {}
    for each in SETS:
        folder = getattr(options, each.option)
        if not folder:
            problems.append(f"--{each.option} DIR is missing: {each.name}, {each.what}; the gate needs both sets")
            continue
        try:
            sets[each] = open_evaluation(f"{each.kind}:{folder}")
        except UserError as error:
            problems.append(f"--{each.option}, {each.name}: {error}")
    if problems:
        raise UserError("\n".join(problems))
    return sets


def reservations_about(options: argparse.Namespace, measured: Sequence[Measured]) -> list[str]:
    """Why the outcome is not a verdict; empty where it is."""
    found = [f"only the first {options.limit} objects of each set (--limit)"] if options.limit is not None else []
    for each in SETS if options.limit is None else ():
        objects = next(len(one.new) for one in measured if one.where.startswith(each.name))
        if objects != each.objects:
            found.append(f"--{each.option} has {objects} objects, {each.name} has {each.objects}")
    return found
