"""Networks as candidates of an evaluation: weights, and a way to look at the image."""

from model.evaluation.objects import Candidate
from model.inference.backend import Backend
from model.inference.predictor import Predictor
from model.inference.zoom import ZoomIn
from model.weights.checkpoints import WeightsCard

LOOKS = {"published": lambda size: ZoomIn(target_size=size), "people": ZoomIn.for_people}
"""The ways to look at an image, by name: longer side of the network's input → zoom."""


def network_candidate(
    name: str, backend: Backend, card: WeightsCard, look: str, target_size: int | None = None, flip: bool = False
) -> Candidate:
    """A network that looks in the way named `look`, with its own masks: nothing is written into them."""
    predictor = Predictor(backend, LOOKS[look](target_size or card.look), flip=flip, guarantee=False)
    return Candidate(name, lambda image, **start: predictor.set_image(image.pixels, **start))
