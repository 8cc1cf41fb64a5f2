"""What an evaluation says: scores as JSON values, as tables, as CSV, as a curve, and the folder they are written to."""

import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from model.drawing import write_picture
from model.evaluation.objects import EvaluationPlan, ObjectResult
from model.evaluation.protocol import CURVE_CLICKS, IOU_TARGETS, Run, Summary, summarise
from model.evaluation.sheets import WORST, contact_sheet, worst_json, worst_sheet
from model.evaluation.thirds import THIRDS, Bounds
from pipelines.errors import UserError

KINDS: dict[str, Callable[[ObjectResult], Run]] = {
    "protocol": lambda result: result.protocol,
    "guaranteed": lambda result: result.guaranteed,
}
DETAIL_TARGETS = (0.85, 0.90)
"""Thirds, spread and the worst fifth are reported for these."""
DETAIL_CLICKS = 1
"""And for the mean IoU after so many clicks."""
WORST_SHARE = 5
"""The worst fifth."""


def by_candidate(results: Sequence[ObjectResult]) -> dict[str, list[ObjectResult]]:
    """The results of each candidate, in the order they were run."""
    found: dict[str, list[ObjectResult]] = {}
    for result in results:
        found.setdefault(result.candidate, []).append(result)
    return found


def report(results: Sequence[ObjectResult], plan: EvaluationPlan, bounds: Bounds | None = None) -> dict[str, Any]:
    """The scores of every candidate, before and after the guarantee, as plain JSON values.

    bounds: of the thirds of size; without them there are none.
    """
    scores: dict[str, Any] = {}
    for name, found in by_candidate(results).items():
        clicks = sum(len(result.protocol.steps) for result in found)
        scores[name] = {kind: _scores_of(found, run_of, plan, bounds) for kind, run_of in KINDS.items()}
        scores[name]["seconds_per_click"] = sum(result.seconds for result in found) / max(1, clicks)
    return scores


def _scores_of(
    found: Sequence[ObjectResult], run_of: Callable[[ObjectResult], Run], plan: EvaluationPlan, bounds: Bounds | None
) -> dict[str, Any]:
    scores = summary_json(summarise([run_of(result) for result in found], plan.max_clicks))
    # Every session counts the same; objects are counted once.
    scores["objects"] = len({result.number for result in found})
    scores["sessions"] = len(found)
    scores["spread"] = spread(found, run_of, plan)
    scores["worst_fifth"] = worst_fifth(found, run_of, plan)
    if bounds is not None:
        scores["thirds"] = thirds(found, run_of, plan, bounds)
    return scores


def details(runs: Sequence[Run], max_clicks: int) -> dict[str, float]:
    """NoC@85, NoC@90 and the mean IoU after the first click of some sessions."""
    noc = {
        f"noc@{round(100 * target)}": float(np.mean([run.clicks_to_reach(target, max_clicks) for run in runs]))
        for target in DETAIL_TARGETS
    }
    return {**noc, f"iou@{DETAIL_CLICKS}": float(np.mean([run.ious(DETAIL_CLICKS)[-1] for run in runs]))}


def spread(
    found: Sequence[ObjectResult], run_of: Callable[[ObjectResult], Run], plan: EvaluationPlan
) -> dict[str, float] | None:
    """The standard deviation, of the sample, between the draws' means; None for a single draw."""
    if plan.draws < 2:
        return None
    draws = [
        details([run_of(result) for result in found if result.draw == draw], plan.max_clicks)
        for draw in range(plan.draws)
    ]
    return {key: float(np.std([draw[key] for draw in draws], ddof=1)) for key in draws[0]}


def worst_fifth(
    found: Sequence[ObjectResult], run_of: Callable[[ObjectResult], Run], plan: EvaluationPlan
) -> dict[str, float | int]:
    """Means over the worst fifth of the objects, at least one; each score has its own worst, by the mean of the draws."""
    objects: dict[int, list[dict[str, float]]] = {}
    for result in found:
        objects.setdefault(result.number, []).append(details([run_of(result)], plan.max_clicks))
    count = math.ceil(len(objects) / WORST_SHARE)
    means: dict[str, float | int] = {"objects": count}
    for key in next(iter(objects.values()))[0]:
        values = sorted(float(np.mean([draw[key] for draw in draws])) for draws in objects.values())
        means[key] = float(np.mean(values[:count] if key.startswith("iou") else values[-count:]))
    return means


def thirds(
    found: Sequence[ObjectResult], run_of: Callable[[ObjectResult], Run], plan: EvaluationPlan, bounds: Bounds
) -> dict[str, Any]:
    """The scores of each third of size; a third without objects is null."""
    scores: dict[str, Any] = {"bounds": [bounds.lower, bounds.upper], "fixed": bounds.fixed}
    for third in THIRDS:
        members = [result for result in found if bounds.third_of(result.share) == third]
        objects = len({result.number for result in members})
        runs = [run_of(result) for result in members]
        scores[third] = {"objects": objects, **details(runs, plan.max_clicks)} if members else None
    return scores


def summary_json(summary: Summary) -> dict[str, Any]:
    """A summary under the names of published tables; not-a-number becomes null."""
    raw = asdict(summary)
    for key in ("noc", "at_limit", "never_reached"):
        raw[key] = {f"{round(100 * target)}": value for target, value in raw[key].items()}
    raw["mean_iou_at"] = {str(n): raw["mean_iou"][n - 1] for n in CURVE_CLICKS if n <= len(raw["mean_iou"])}
    raw["mean_iou"] = [_number(value) for value in raw["mean_iou"]]
    raw["obedience_at"] = [_number(value) for value in raw["obedience_at"]]
    raw["start_iou"] = _number(raw["start_iou"])
    return raw


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


# ---------------------------------------------------------------- tables


def table(scores: dict[str, Any]) -> str:
    """The scores as lines of text; the mean IoU before any click is a column where sessions start with a mask."""
    started = any(score["protocol"]["start_iou"] is not None for score in scores.values())
    head = ["", "", *(f"NoC@{t:.0%}"[:-1] for t in IOU_TARGETS), "≥lim@90", "never@90"]
    head += ["mIoU@0"] if started else []
    head += [f"mIoU@{n}" for n in CURVE_CLICKS] + ["obeyed", "newest", "worse", "far", "s/click"]
    rows = [head]
    for name, score in scores.items():
        for kind in KINDS:
            s = score[kind]
            row = [name, kind, *(f"{s['noc'][f'{round(100 * t)}']:.2f}" for t in IOU_TARGETS)]
            row += [str(s["at_limit"]["90"]), str(s["never_reached"]["90"])]
            if started:
                row.append("-" if s["start_iou"] is None else f"{s['start_iou']:.3f}")
            row += [f"{s['mean_iou_at'][str(n)]:.3f}" if str(n) in s["mean_iou_at"] else "-" for n in CURVE_CLICKS]
            row += [f"{s[key]:.3f}" for key in ("obedience", "newest_obeyed", "regressions", "far_changes")]
            row += [f"{score['seconds_per_click']:.3f}" if kind == "protocol" else ""]
            rows.append(row)
    return aligned(rows, left=2)


def detail_table(scores: dict[str, Any], draws: int) -> str:
    """Thirds of size, the worst fifth and the spread between draws, of the protocol's rows, as lines of text."""
    rows = [["", "", "objects", "NoC@85", "NoC@90", "mIoU@1"]]
    for name, score in scores.items():
        found = score["protocol"]
        parts = dict(_named_thirds(found)) if "thirds" in found else {}
        parts["worst fifth"] = found["worst_fifth"]
        for part, values in parts.items():
            rows.append([name, part, str(values["objects"]), *_detail_cells(values)])
        if found["spread"] is not None:
            rows.append([name, f"± between {draws} draws", "", *_detail_cells(found["spread"])])
    return aligned(rows, left=2)


def _named_thirds(scores: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    lower, upper = scores["thirds"]["bounds"]
    names = (f"below {lower:.2%} of the image", f"{lower:.2%} to {upper:.2%}", f"from {upper:.2%} on")
    found = [(name, scores["thirds"][third]) for name, third in zip(names, THIRDS, strict=True)]
    return [(name, values) for name, values in found if values is not None]


def _detail_cells(values: dict[str, float]) -> list[str]:
    return [f"{values['noc@85']:.2f}", f"{values['noc@90']:.2f}", f"{values['iou@1']:.3f}"]


def aligned(rows: Sequence[Sequence[str]], left: int) -> str:
    """Rows of cells as lines of text; the first `left` columns begin, the others end, under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


# ---------------------------------------------------------------- files


def write_csv(path: Path, results: Sequence[ObjectResult], max_clicks: int, bounds: Bounds | None = None) -> None:
    """One line for each session and kind of run."""
    targets = [f"noc{round(100 * target)}" for target in IOU_TARGETS]
    head = ["predictor", "kind", "image", "object", "pixels", "clicks", *targets]
    head += [f"iou{number}" for number in range(1, max_clicks + 1)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*head, "draw", "iou0", "far", "share", "third", "traits"])
        for result in results:
            third = bounds.third_of(result.share) if bounds else ""
            for kind, run_of in KINDS.items():
                run = run_of(result)
                counts = [run.clicks_to_reach(target, max_clicks) for target in IOU_TARGETS]
                row = [result.candidate, kind, result.image, result.object_name, result.pixels, len(run.steps), *counts]
                row += [f"{iou:.6f}" for iou in run.ious(max_clicks)]
                row += [result.draw, _cell(run.start_iou), _cell(run.far_share()), f"{result.share:.6f}", third]
                writer.writerow([*row, " ".join(result.traits)])


def _cell(value: float | None) -> str:
    """Six digits, or nothing where there is no number."""
    return "" if value is None or math.isnan(value) else f"{value:.6f}"


def write_curve(path: Path, scores: dict[str, Any], title: str) -> None:
    """The mean IoU over the clicks, one line for each candidate, dashed with every click obeyed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, score) in enumerate(scores.items()):
        for kind, style in (("protocol", "-"), ("guaranteed", "--")):
            curve, start = score[kind]["mean_iou"], score[kind]["start_iou"]
            first = 1
            if start is not None:
                curve, first = [start, *curve], 0
            clicks = range(first, first + len(curve))
            axes.plot(clicks, curve, style, color=f"C{number}", marker=".", label=f"{name}, {kind}")
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
    for sheet in ("contact_sheet.png", "worst.png"):
        (output / sheet).unlink(missing_ok=True)
    for picture in (output / "pictures").glob("*.png"):
        picture.unlink()


def write_report(
    output: Path,
    results: Sequence[ObjectResult],
    plan: EvaluationPlan,
    settings: dict[str, Any],
    scores: dict[str, Any],
    bounds: Bounds | None = None,
    worst: int = WORST,
) -> None:
    """report.json, objects.csv, curve.png and, where pictures were drawn, contact_sheet.png and worst.png."""
    first = next(iter(by_candidate(results).values()))
    content = {"settings": settings, "scores": scores, "worst": worst_json(first, worst)}
    (output / "report.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    write_csv(output / "objects.csv", results, plan.max_clicks, bounds)
    write_curve(output / "curve.png", scores, f"{settings['data']}, {settings['objects']} objects")
    for name, sheet in (("contact_sheet.png", contact_sheet(first)), ("worst.png", worst_sheet(first, worst))):
        if sheet is not None:
            write_picture(output / name, sheet)
