"""Masks from clicks: `Predictor.set_image` gives a session, and every click gives the next one.

A session is a value. It is never changed, so undo is a step back, and two people (or two strategies) may go on from the
same state. Coordinates are pixels of the image, x to the right, y down; masks and probabilities are (H, W).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.clicks.promises import obey, steady
from model.clicks.threshold import THRESHOLD, binarise
from model.clicks.views import Pyramid
from model.inference.backend import Answers, Backend, load_backend
from model.inference.box_prompts import box_answer, checked_box
from model.inference.pixels import rgb
from model.inference.zoom import View, ZoomIn, image_tensor, whole
from model.weights.checkpoints import WeightsCard
from pipelines.clicks import Click, Mask
from pipelines.errors import UserError
from pipelines.image import Rect

Values = TypeVar("Values", bound=np.generic)


class ClickSession(Protocol):
    """What the evaluation asks of a state after some clicks; predictors without a network implement it too."""

    @property
    def probability(self) -> NDArray[np.float32]:
        """(H, W) in 0..1."""
        ...

    def click(self, x: int, y: int, positive: bool) -> Self:
        """The state after one more click."""
        ...


class Predictor:
    """A network with everything that decides how it is used; holds no state of any image."""

    def __init__(
        self,
        backend: Backend,
        zoom: ZoomIn | None = None,
        *,
        flip: bool = False,
        threshold: float = THRESHOLD,
        guarantee: bool = True,
    ) -> None:
        """backend: the network.
        zoom: how to look at the image, the published way by default.
        flip: average with the mirrored image, for twice the cost.
        threshold: see `THRESHOLD`.  guarantee: whether masks keep the promises of `model.clicks.promises`.
        """
        self.backend = backend
        self.zoom = ZoomIn() if zoom is None else zoom
        self.flip = flip
        self.threshold = threshold
        self.guarantee = guarantee

    @classmethod
    def load(
        cls,
        weights: str | Path,
        target_size: int | None = None,
        device: str | torch.device = "cpu",
        *,
        flip: bool = False,
    ) -> tuple[Predictor, WeightsCard]:
        """The predictor for people, from trained weights, and their card.

        target_size: longer side of the network's input, that of the training by default.
        flip: average with the mirrored image, for twice the cost.
        """
        backend, card = load_backend(weights, device)
        return cls(backend, ZoomIn.for_people(target_size or card.look), flip=flip), card

    def set_image(
        self, image: NDArray[np.uint8], mask: Mask | None = None, box: Sequence[int] | None = None
    ) -> Session:
        """A session without clicks on an image: uint8, (H, W, 3) RGB, (H, W, 4) with transparency, which is not looked at, or
        (H, W) grey. UserError for anything else.

        mask: (H, W), all that is not 0 is the object; the session then corrects it.
        box: left, top, right, bottom in pixels of the image, all of which belong to it. The session then begins with the
        network's answer to the box, which later clicks correct (see `model.inference.box_prompts`).
        """
        pixels = rgb(image)
        height, width = pixels.shape[:2]
        start = np.zeros((height, width), np.float32)
        if mask is not None:
            mask = np.asarray(mask)
            if mask.shape != start.shape:
                shape = " × ".join(map(str, mask.shape))
                raise UserError(
                    f"the mask to start from is {shape}, the image {height} × {width} (height × width); "
                    "give the mask of the whole image"
                )
            start = mask.astype(bool).astype(np.float32)
        session = Session(self, Pyramid(image_tensor(pixels).to(self.backend.device)), fixed(start))
        if box is None:
            return session
        if mask is not None:
            raise UserError("a session starts from a mask or from a box, and both were given; leave one out")
        answer, view, score = box_answer(self, session.image, checked_box(box, session.size_hw), session.size_hw)
        # Where the first click looks at the whole image, its answer belongs to the whole image, too.
        region = view.look if self.zoom.skip_clicks == 0 else None
        return replace(session, start=fixed(answer), region=region, view=view, score=score)

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """What the network says, for image (B, 3, h, w), last probabilities (B, 1, h, w), points (B, N, 3)."""
        if not self.flip:
            return self.backend.answers(image, previous, points)
        mirrored = points.clone()
        mirrored[..., 0] = image.shape[3] - 1 - points[..., 0]
        both = self.backend.answers(
            torch.cat([image, image.flip(3)]), torch.cat([previous, previous.flip(3)]), torch.cat([points, mirrored])
        )
        one, other = both.logits.chunk(2)
        scores = None if both.scores is None else both.scores.view(2, -1).mean(0)
        return Answers(0.5 * (one + other.flip(3)), scores)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One answer to the first clicks: what they mean at one size, a part, an object or a group."""

    score: float
    """Its predicted IoU with what was meant."""
    view: View
    """How the network looked at the image."""
    answer: Tensor
    """(1, 1, h, w): the probabilities of what was looked at, at the network's size."""
    size_hw: tuple[int, int]
    """Of the image."""

    @cached_property
    def probability(self) -> NDArray[np.float32]:
        """(H, W), read-only; computed when it is asked for, since most candidates are not."""
        return fixed(self.view.paste_back(self.answer, self.size_hw))

    @property
    def area(self) -> float:
        """Of the answer, about, in pixels of the image."""
        height, width = self.size_hw if self.view.look is None else (self.view.look.height, self.view.look.width)
        return float(self.answer.mean()) * height * width


@dataclass(frozen=True, eq=False)
class Session:
    """The state of one object's segmentation: the image, the clicks made, and the last answer."""

    predictor: Predictor
    image: Pyramid
    """Of (1, 3, H, W) float32 in 0..1."""
    start: NDArray[np.float32]
    """(H, W) float32, read-only: what there was before the first click, zeros, a mask, or the answer to a box."""
    clicks: tuple[Click, ...] = ()
    region: Rect | None = None
    """The part of the image that the network looks at since the last zoom."""
    view: View | None = None
    """How the network looked at the image for the last answer; None before the first one."""
    answer: Tensor | None = field(default=None, repr=False)
    """(1, 1, h, w): the probabilities of what was looked at, at the network's size; None before the first click."""
    score: float | None = None
    """Predicted IoU of the answer; None before the first click, and where the network has no head for it."""
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    """All answers to the first clicks, from the smallest object to the largest; none after later ones."""
    before: Session | None = field(default=None, repr=False)
    """The session without the newest click (or clicks, where several came at once)."""
    earlier: Session | None = field(default=None, repr=False)
    """What `undo` gives where that is not `before`: the session that a click was removed from."""
    _full: dict[str, NDArray[Any]] = field(init=False, default_factory=dict, repr=False)
    """Maps of the whole image, which are computed when they are asked for. All but the newest two sessions of a row forget
    theirs: in a picture of 12 megapixels they would be 60 MB a click, and what they are made from is half a megabyte."""

    @property
    def size_hw(self) -> tuple[int, int]:
        height, width = self.start.shape
        return height, width

    @property
    def probability(self) -> NDArray[np.float32]:
        """(H, W) float32, read-only: the network's last answer; never changed by the guarantee."""
        if self.answer is None or self.view is None:
            return self.start
        if "probability" not in self._full:
            self._full["probability"] = fixed(self.view.paste_back(self.answer, self.size_hw))
        return self._full["probability"]

    @property
    def mask(self) -> Mask:
        """(H, W) bool, read-only: the answer above the threshold; with the guarantee a redundant click turns nothing over,
        and every click has its own pixel."""
        if "mask" not in self._full:
            self._full["mask"] = self._mask()
        return self._full["mask"]

    def _mask(self) -> Mask:
        mask = binarise(self.probability, self.predictor.threshold)
        if not self.predictor.guarantee:
            return fixed(mask)
        if self.before is not None and (self.before.clicks or self.before.probability.any()):
            mask = steady(self.before.mask, mask, self.clicks[len(self.before.clicks) :])
        return fixed(obey(mask, self.clicks))

    def click(self, x: int, y: int, positive: bool) -> Session:
        """The session after one more click at pixel (x, y); UserError for one outside of the image or between pixels."""
        return self.add([Click(x, y, positive)])

    def add(self, clicks: Iterable[Click]) -> Session:
        """The session after several clicks at once: the network runs for all of them together."""
        added = tuple(self._checked(click) for click in clicks)
        if not added:
            return self
        clicks = (*self.clicks, *added)
        if self._is_new and self.predictor.backend.scores and self.predictor.zoom.first_looks > 1:
            state = self._first_answers(clicks)
        else:
            state = replace(self._answered(clicks), candidates=())
        if self._deserves_second_look(state):
            state = state._answered(state.clicks)
        following = replace(state, before=self, earlier=None)
        if "probability" in state._full:
            following._full["probability"] = state._full["probability"]
        for past in (self.before, self.earlier):
            if past is not None:
                past._full.clear()
        return following

    @property
    def _is_new(self) -> bool:
        """Neither clicks nor a mask to start from."""
        return not self.clicks and not self.probability.any()

    def _first_answers(self, clicks: tuple[Click, ...]) -> Session:
        """The network looks at the whole image and at parts of it at once; the answer with the best score counts."""
        zoom, device = self.predictor.zoom, self.image.device
        views = [View.first(zoom, self.size_hw, region) for region in zoom.first_regions(self.size_hw, clicks)]
        image = torch.cat([view.cut(self.image) for view in views])
        points = torch.cat([view.points(clicks, self.size_hw) for view in views]).to(device)
        answers = self.predictor.answers(image, torch.zeros_like(image[:, :1]), points)
        if answers.scores is None:
            raise RuntimeError("a backend that has scores gave none")
        probabilities = torch.sigmoid(answers.logits.float()).split(1)
        candidates = [
            Candidate(score, view, probability, self.size_hw)
            for view, probability, score in zip(views, probabilities, answers.scores.tolist(), strict=True)
        ]
        best = max(candidates, key=lambda candidate: candidate.score)
        return replace(
            self,
            clicks=clicks,
            answer=best.answer,
            region=best.view.paste,
            view=best.view,
            score=best.score,
            candidates=tuple(sorted(candidates, key=lambda candidate: candidate.area)),
        )

    def undo(self) -> Session:
        """The session before the last click (or the last clicks that came at once), or before the last removal."""
        if self.earlier is not None:
            return self.earlier
        if self.before is None:
            raise UserError("there is no click to undo: this session has none")
        return self.before

    def remove(self, number: int) -> Session:
        """The session without click `number`, counted from 0: the other clicks made again from the beginning, one by one.

        `undo` takes the removal back. UserError where there is no such click.
        """
        if not 0 <= number < len(self.clicks):
            known = f"clicks are numbered from 0 to {len(self.clicks) - 1}" if self.clicks else "this session has none"
            raise UserError(f"there is no click {number} to remove: {known}")
        state = self.first
        for place, click in enumerate(self.clicks):
            if place != number:
                state = state.add([click])
        return replace(state, earlier=self)

    @property
    def first(self) -> Session:
        """The session before any click: an empty mask, or the one it started from."""
        state = self
        while state.before is not None:
            state = state.before
        return state

    def _checked(self, click: Click) -> Click:
        """The click with whole numbers as coordinates. UserError for one that is not on a pixel of the image."""
        height, width = self.size_hw
        if not all(isinstance(value, Real) and float(value).is_integer() for value in (click.x, click.y)):
            raise UserError(
                f"click at x {click.x!r}, y {click.y!r}: a click is on one pixel; give whole numbers, counted from 0 at "
                "the left and at the top"
            )
        x, y = int(click.x), int(click.y)
        if not (0 <= x < width and 0 <= y < height):
            raise UserError(
                f"click at x {x}, y {y} lies outside of the image: x goes from 0 to {width - 1}, y from 0 to "
                f"{height - 1}"
            )
        return Click(x, y, bool(click.positive))

    def _answered(self, clicks: tuple[Click, ...]) -> Session:
        """One run of the network for `clicks`."""
        view = View.of(self.predictor.zoom, self.size_hw, clicks, self.probability, self.region)
        previous = torch.tensor(self.probability, device=self.image.device)[None, None]
        points = view.points(clicks, self.size_hw).to(self.image.device)
        logits, scores = self.predictor.answers(view.cut(self.image), view.cut(Pyramid(previous)), points)
        score = None if scores is None else scores.item()
        answer = torch.sigmoid(logits.float())
        return replace(self, clicks=clicks, answer=answer, region=view.paste, view=view, score=score)

    def _deserves_second_look(self, answered: Session) -> bool:
        """Whether the first answer was for much more than the object, or for a part of the image that may cut it off."""
        zoom = self.predictor.zoom
        if not zoom.second_look or self.clicks or answered.view is None or not self._is_new:
            return False
        region = zoom.region_around(answered.probability, answered.clicks)
        seen = answered.view.look or whole(self.size_hw)
        return region is not None and (
            region.height * region.width < 0.5 * seen.height * seen.width
            or region.height > seen.height
            or region.width > seen.width
        )


def fixed(values: NDArray[Values]) -> NDArray[Values]:
    """The array, which from now on refuses to be written to: sessions share their arrays."""
    values.setflags(write=False)
    return values
