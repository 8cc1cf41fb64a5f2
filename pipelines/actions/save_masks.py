"""`save_masks`: save the samples with pictures of their masks, in plain colours or drawn over the image.

Family: input and output.

>>> worked("save_masks", {"masks_machine": True, "masks_human": False, "gt_machine_color": {"car": [1, 1, 1]}},
...     "20x10", "car rectangle (15,2) (25,6)")
20x10
  car rectangle (15,2) (20,6)

Picture: coffee(saucer, cup, spoon) {"masks_machine": true, "masks_human": true, "gt_machine_color": {"saucer": [80,
  80, 80], "cup": [160, 160, 160], "spoon": [255, 255, 255]}, "gt_human_color": {"cup": [0, 90, 255], "spoon": [255,
  220, 0]}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from pipelines.actions.base import Finding, Notes, Sink, action
from pipelines.actions.save import draw_figures, side_by_side, visible, without_effect
from pipelines.image import Pixels
from pipelines.meta import Meta
from pipelines.sample import Sample


def read_rgb(value: Any) -> tuple[int, int, int]:
    """`[red, green, blue]`. Raises `ValueError` with the allowed form."""
    channels = list(value) if isinstance(value, list | tuple) else []
    if len(channels) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in channels):
        raise ValueError(f"found {value!r}, a colour is three whole numbers from 0 to 255: [red, green, blue]")
    return channels[0], channels[1], channels[2]


ColorSetting = Annotated[tuple[int, int, int], BeforeValidator(read_rgb)]


@action("save_masks", "export_archive_with_masks")
@dataclass(frozen=True)
class SaveMasks(Sink):
    masks_machine: bool
    """With true, `<dataset>/masks_machine/<name>.png` has the objects in the colours of `gt_machine_color` on black."""
    masks_human: bool
    """With true, `<dataset>/masks_human/<name>.png` shows the image, a green line, and the image with its objects on it."""
    gt_machine_color: dict[str, ColorSetting] | None = None
    """Class → [red, green, blue]; objects of other classes are left out. Equal numbers give a grey index image."""
    gt_human_color: dict[str, ColorSetting] | None = None
    """Class → [red, green, blue]; objects of other classes are left out."""
    images: bool | None = None
    """Without effect, accepted from old graphs: images are always saved."""
    annotations: bool | None = None
    """Without effect, accepted from old graphs: annotations are always saved."""

    examples: ClassVar[tuple[Any, ...]] = (
        {
            "masks_machine": True,
            "masks_human": False,
            "gt_machine_color": {"car": [1, 1, 1], "person": [2, 2, 2]},
        },
        {
            "masks_machine": True,
            "masks_human": True,
            "gt_machine_color": {"car": [7, 7, 7]},
            "gt_human_color": {"car": [255, 0, 0]},
        },
    )

    def problems(self) -> Iterator[Finding]:
        if not (self.masks_machine or self.masks_human):
            yield Finding(
                (), 'neither "masks_machine" nor "masks_human" is true; set one of them, or save with the action "save"'
            )
        for flag, name, colors in (
            ("masks_machine", "gt_machine_color", self.gt_machine_color),
            ("masks_human", "gt_human_color", self.gt_human_color),
        ):
            if getattr(self, flag) and colors is None:
                yield Finding((flag,), f'{flag} needs colours: "{name}": {{"class": [red, green, blue], ...}}')
        yield from without_effect(images=self.images, annotations=self.annotations)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("gt_machine_color",), self.gt_machine_color or (), meta)
        notes.unknown_classes(("gt_human_color",), self.gt_human_color or (), meta)
        return meta

    @property
    def makes_pictures(self) -> bool:
        return self.masks_machine or self.masks_human

    def pictures(self, sample: Sample, pixels: Pixels, meta: Meta) -> Iterable[tuple[str, Pixels]]:
        """Every shape is filled, in object order."""
        size = sample.image.size
        if self.masks_machine:
            yield "masks_machine", draw_figures(sample.figures, self.gt_machine_color or {}, size)
        if self.masks_human:
            drawing = draw_figures(sample.figures, visible(self.gt_human_color or {}), size)
            yield "masks_human", side_by_side(pixels, drawing)
