"""What the classes and tags of a dataset mean to a click network."""

from typing import Self

from pydantic import model_validator

from model.settings.section import Section


class SpecialClasses(Section):
    """Which classes of the dataset mean what."""

    foreground: str = "obj"
    """The object: painted 1."""
    background: str = "bg"
    """Painted 0, like all that is not painted."""
    neutral: str = "neutral"
    """Ignored by losses and metrics."""
    pos: str = "pos"
    """Positive clicks; a class of points."""
    neg: str = "neg"
    """Negative clicks; a class of points."""

    @model_validator(mode="after")
    def differ(self) -> Self:
        names = list(self.model_dump().values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(map(repr, twice))} stands for two meanings; each class has one")
        return self


class DatasetTags(Section):
    """The image tags that say which samples are for training and which for validation."""

    train: str = "train"
    val: str = "val"

    @model_validator(mode="after")
    def differ(self) -> Self:
        if self.train == self.val:
            raise ValueError(f"train and val are both {self.train!r}; validation needs samples of its own")
        return self
