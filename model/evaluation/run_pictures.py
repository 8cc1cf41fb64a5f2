"""One session of an evaluation as a row of pictures."""

from collections.abc import Sequence

from model.drawing import Picture, captioned, fitted, in_a_row, with_mask
from model.evaluation.protocol import Run
from pipelines.clicks import Mask, Truth

PICTURED_CLICKS = (1, 3, 5)
PANEL_SIDE = 320
"""Longer side of one panel of a picture, in pixels."""


def draw_run(
    image: Picture, truth: Truth, run: Run, masks: Sequence[Mask], title: str, start: Mask | None = None
) -> Picture:
    """The image with the true outline, then mask and clicks after the 1st, 3rd, 5th and last click, side by side.

    masks: after each click.  start: that of a session that began with one, which is drawn before them.
    """
    panels = [captioned(fitted(with_mask(image, truth=truth), PANEL_SIDE), title)]
    if start is not None:
        drawn = with_mask(image, start, truth)
        panels.append(captioned(fitted(drawn, PANEL_SIDE), f"before any click, IoU {run.start_iou:.3f}"))
    last = len(run.steps)
    for number in sorted({*(n for n in PICTURED_CLICKS if n < last), *([last] if last else [])}):
        clicks = [step.click for step in run.steps[:number]]
        text = f"{number} click{'s' if number > 1 else ''}, IoU {run.steps[number - 1].iou:.3f}"
        drawn = with_mask(image, masks[number - 1], truth, clicks)
        panels.append(captioned(fitted(drawn, PANEL_SIDE), text))
    return in_a_row(panels)
