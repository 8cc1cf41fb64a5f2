"""How long a person waits for a mask: the first click with all its looks, and the third click, on a photograph of 640x480."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from model.clicks.tensors import POSITIVE
from model.inference.backend import Answers, Backend
from model.inference.predictor import Predictor, Session
from model.inference.zoom import ZoomIn

PHOTOGRAPH = (480, 640)
"""Height and width, pixels."""
THREADS = 2
"""Of ONNX Runtime."""
TORCH_THREADS = 1
"""PyTorch resizes before and after. With several threads, which then wait for more by spinning, ONNX Runtime's would get half a
core each."""
REPEATS = 120
WARM_UP = 10
"""Clicks before those that count."""
LONGEST, FEWEST = 60.0, 20
"""After so many seconds no further click is made, once so many count: on a busy machine they take long, and say little."""
FIRST, SECOND, THIRD = (320, 240), (350, 250), (300, 230)
"""Where the clicks are made, xy."""
SIZE = 0.15
"""Radius of the object that is answered, in longer sides of the network's input."""

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClickTimes:
    """Seconds that each of some clicks took, (n,) each."""

    first: Seconds
    """First clicks, from a session without any to the mask, second look included."""
    third: Seconds


class DiscAnswers:
    """A network at its own cost, whose answer is then replaced by a disc around the first positive click.

    What a network says decides whether there is a second look, and where the view moves; every network that is timed has to
    do the same work.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.runs = 0

    @property
    def device(self) -> torch.device:
        return self.backend.device

    @property
    def scores(self) -> bool:
        return self.backend.scores

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """See `Backend`. Of several first looks the one at the whole image, the first of them, has the best score."""
        self.runs += 1
        logits, scores = self.backend.answers(image, previous, points)
        height, width = logits.shape[-2:]
        x, y = points[0][points[0, :, 2] == POSITIVE][0, :2]
        rows = torch.arange(height, device=logits.device)[:, None]
        columns = torch.arange(width, device=logits.device)[None]
        inside = (columns - x) ** 2 + (rows - y) ** 2 <= (SIZE * max(height, width)) ** 2
        falling = None if scores is None else torch.linspace(0.9, 0.1, len(scores))
        return Answers(torch.where(inside, 20.0, -20.0).expand_as(logits), falling)


def click_times(
    backend: Backend, target_size: int, repeats: int = REPEATS, warm_up: int = WARM_UP, progress: bool | None = False
) -> ClickTimes:
    """Times of clicks as people make them (`ZoomIn.for_people(target_size)`), with PyTorch's part on `TORCH_THREADS`.

    How many threads the network itself takes is the backend's business. Decoding and `set_image` are not timed.
    """
    image = np.random.default_rng(0).integers(0, 256, (*PHOTOGRAPH, 3), np.uint8)
    answers = DiscAnswers(backend)
    predictor = Predictor(answers, ZoomIn.for_people(target_size))
    first: list[float] = []
    third: list[float] = []
    end = time.perf_counter() + LONGEST
    with _threads(TORCH_THREADS):
        for number in tqdm(range(warm_up + repeats), desc="clicks", disable=None if progress is None else not progress):
            start = predictor.set_image(image)
            begun, runs = time.perf_counter(), answers.runs
            once = _clicked(start, FIRST)
            seconds = time.perf_counter() - begun
            if answers.runs != runs + 2:
                raise RuntimeError(f"a first click was made of {answers.runs - runs} looks, where 2 are to be timed")
            twice = _clicked(once, SECOND)
            begun = time.perf_counter()
            _clicked(twice, THIRD)
            if number >= warm_up:
                first.append(seconds)
                third.append(time.perf_counter() - begun)
            if len(first) >= FEWEST and time.perf_counter() > end:
                break
    return ClickTimes(np.array(first), np.array(third))


def _clicked(session: Session, place: tuple[int, int]) -> Session:
    """The session after a positive click, its mask computed."""
    after = session.click(*place, positive=True)
    _ = after.mask
    return after


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
