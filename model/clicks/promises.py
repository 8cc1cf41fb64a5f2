"""What a mask promises about clicks, whatever the network says: they are obeyed, and redundant ones break nothing.

Masks are (H, W) bool. Nothing here changes its inputs, and the network never sees the results.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipelines.clicks import Click, Mask


def obey(mask: Mask, clicks: Sequence[Click]) -> Mask:
    """The mask with every click's word written into its own pixel; where clicks share a pixel, the last one counts.

    Late clicks fall on errors of a pixel or two, which a network may not be able to express; written down, they end the
    deadlock of clicking there again and again.
    """
    obeyed = mask.copy()
    for click in clicks:
        obeyed[click.y, click.x] = click.positive
    return obeyed


def steady(before: Mask, answer: Mask, clicks: Sequence[Click]) -> Mask:
    """The part of the network's `answer` to the newest `clicks` that may change the mask `before`.

    A click is redundant where its pixel was on the side it asks for. If one of the clicks is not, it corrects something, and
    the answer is returned as it is. If all of them are, the mask was right about them, so

    * positive clicks only add pixels and negative ones only take some away; with both kinds the mask stays;
    * the mask stays also where the answer turns things over: where less than half of the connected region around a click
      keeps its side, or where the object or the background would vanish from the image.
    """
    if any(bool(before[click.y, click.x]) != click.positive for click in clicks):
        return answer
    if any(_turned_over(before, answer, click) for click in clicks):
        return before
    steadied = answer
    if any(click.positive for click in clicks):
        steadied = before | steadied
    if not all(click.positive for click in clicks):
        steadied = before & steadied
    vanished = steadied.any() != before.any() or steadied.all() != before.all()
    return before if vanished else steadied


def _turned_over(before: Mask, answer: Mask, click: Click) -> bool:
    """Whether less than half of the region that the click stands in, connected also over corners, keeps its side."""
    _, labels = cv2.connectedComponents((before == click.positive).view(np.uint8), connectivity=8)
    region = labels == labels[click.y, click.x]
    kept = np.count_nonzero(answer[region] == click.positive)
    return bool(2 * kept < np.count_nonzero(region))
