"""Sheets of the pictures of an evaluation: the best, median and worst objects, and the worst with what they have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.drawing import Picture, captioned, stacked
from model.evaluation.objects import RANKED_BY_CLICKS, ObjectResult
from model.evaluation.traits import TRAITS, Commonness, in_common
from model.projects.images import decode_image

SHEET_OBJECTS = 4
"""So many of the best, the median and the worst objects are on the contact sheet."""
WORST = 12
"""So many objects are looked at for what the worst have in common."""
SENTENCES = 6
"""So many sentences stand above the worst objects."""


def best_median_worst(results: Sequence[ObjectResult]) -> list[tuple[str, ObjectResult]]:
    """The pictured objects of the sheet, each with its rank: the best, those around the median, and the worst."""
    ranked = sorted((result for result in results if result.picture), key=lambda result: -result.score)
    if len(ranked) <= 3 * SHEET_OBJECTS:
        return [(f"{place + 1} of {len(ranked)}", result) for place, result in enumerate(ranked)]
    middle = (len(ranked) - SHEET_OBJECTS) // 2
    rows = {"best": 0, "median": middle, "worst": len(ranked) - SHEET_OBJECTS}
    return [(name, result) for name, at in rows.items() for result in ranked[at : at + SHEET_OBJECTS]]


def contact_sheet(results: Sequence[ObjectResult]) -> Picture | None:
    """The pictures of the best, median and worst objects under each other; None where nothing was drawn."""
    cells = [
        captioned(_read_picture(result.picture), f"{rank}: mean IoU of {RANKED_BY_CLICKS} clicks {result.score:.3f}")
        for rank, result in best_median_worst(results)
    ]
    return stacked(cells) if cells else None


def mean_scores(results: Sequence[ObjectResult]) -> dict[int, float]:
    """Number of each object → its score, the mean over the draws."""
    scores: dict[int, list[float]] = {}
    for result in results:
        scores.setdefault(result.number, []).append(result.score)
    return {number: float(np.mean(values)) for number, values in scores.items()}


def worst_objects(results: Sequence[ObjectResult], count: int = WORST) -> list[ObjectResult]:
    """The objects of one candidate with the lowest scores, the worst first, each in its first draw.

    Of a few objects at most a third: the worst of all would have everything in common with all.
    """
    scores = mean_scores(results)
    firsts = {result.number: result for result in results if result.draw == 0}
    count = min(count, max(1, len(firsts) // 3))
    return [firsts[number] for number in sorted(scores, key=lambda number: scores[number])[:count]]


def commonness(results: Sequence[ObjectResult], worst: Sequence[ObjectResult]) -> list[Commonness]:
    """What the worst objects have in common, beside all objects of the candidate."""
    firsts = [result.traits for result in results if result.draw == 0]
    return in_common([result.traits for result in worst], firsts)


def worst_json(results: Sequence[ObjectResult], count: int) -> dict[str, Any]:
    """The worst objects of one candidate and what they have in common, as plain JSON values."""
    worst = worst_objects(results, count)
    scores = mean_scores(results)
    return {
        "candidate": results[0].candidate,
        "ranked_by": f"mean IoU of the first {RANKED_BY_CLICKS} clicks",
        "objects": [
            {
                "image": result.image,
                "object": result.object_name,
                "score": scores[result.number],
                "share_of_image": result.share,
                "traits": list(result.traits),
            }
            for result in worst
        ],
        "in_common": [
            {
                "trait": one.trait.name,
                "meaning": one.trait.meaning,
                "worst": one.worst,
                "of_worst": one.of_worst,
                "all": one.everywhere,
                "of_all": one.of_all,
                "stands_out": one.stands_out,
            }
            for one in commonness(results, worst)
        ],
    }


def sentences(common: Sequence[Commonness]) -> list[str]:
    """What stands out, in words; where nothing does, that, and the trait that comes nearest to it."""
    telling = [str(one) for one in common if one.stands_out][:SENTENCES]
    if telling:
        return telling
    nearest = [f"nearest to it: {one}" for one in common[:1]]
    return ["nothing sets them apart", *nearest]


def worst_sheet(results: Sequence[ObjectResult], count: int) -> Picture | None:
    """The pictures of one candidate's worst objects under what they have in common; None where nothing was drawn."""
    worst = [result for result in worst_objects(results, count) if result.picture]
    if not worst:
        return None
    rows = []
    for place, result in enumerate(worst, start=1):
        words = ", ".join(TRAITS[name].name for name in result.traits) or "none of the traits looked for"
        text = f"{place}: mean IoU of {RANKED_BY_CLICKS} clicks {result.score:.3f}; {result.share:.2%} of the image; {words}"
        rows.append(captioned(_read_picture(result.picture), text))
    sheet = stacked(rows)
    lines = [f"the {len(worst)} worst objects of {worst[0].candidate}; in common:"]
    for line in reversed([*lines, *(f"- {text}" for text in sentences(commonness(results, worst)))]):
        # The font has ASCII letters only.
        sheet = captioned(sheet, line.replace("π", "pi").replace("·", "*").replace("²", "^2"))
    return sheet


def _read_picture(path: Path | None) -> Picture:
    if path is None:
        raise ValueError("an object of a sheet has no picture")
    return decode_image(path.read_bytes(), str(path))
