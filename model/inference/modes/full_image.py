"""The mode `full_image`: the network sees the whole image."""

from typing import Literal

from model.inference.modes.base import Answer, Mode, Question, look_at, registered
from model.inference.predictor import Predictor


@registered
class FullImage(Mode):
    """The network sees the whole image."""

    name: Literal["full_image"]

    def answer(self, predictor: Predictor, question: Question) -> Answer:
        return look_at([question.whole], predictor, question)
