"""The training config: the tutorial's JSON, typed, with every mistake reported at once.

Keys that the tutorial does not have are optional; their defaults are what its own config trains well with.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from model.networks import NETWORKS, STRIDE
from model.settings.classes import DatasetTags, SpecialClasses
from model.settings.section import Count, Fraction, Positive, PositiveCount, Section, listed, problems_of
from pipelines.errors import UserError
from pipelines.formats.text import NotText, decoded
from pipelines.meta import nearest

LONGEST_AUTOMATIC_WARMUP = 500
"""Steps of warm-up where the config names none; a tenth of the run where that is shorter."""


class ConfigError(UserError):
    """A training config that cannot be used; the text lists every problem with its place."""


class InputSize(Section):
    """Size of the network's input, pixels. Samples of another size are resized to it, the aspect ratio not kept."""

    width: Annotated[int, Field(ge=32)]
    height: Annotated[int, Field(ge=32)]


class BatchSize(Section):
    """Samples a step on each device."""

    train: PositiveCount
    val: PositiveCount


class DataWorkers(Section):
    """Processes on each device that decode samples; 0 decodes in the training process itself."""

    train: Count = 0
    val: Count = 0


class LrDecreasing(Section):
    """Divide the learning rate by `lr_divisor` after more than `patience` validations without a lower loss; the optimizer's
    state is kept."""

    patience: Count = 10
    lr_divisor: Annotated[float, Field(gt=1)] = 5.0


class LossWeights(Section):
    """Weights of the mask's loss and of the loss at the clicked points."""

    main_class: Positive = 1.0
    points: Annotated[float, Field(ge=0)] = 0.5


class AllowCorruptedSamples(Section):
    """How many different samples may fail to decode, and be replaced by others, before training stops."""

    train: Count = 0
    val: Count = 0


class Clicks(Section):
    """How the clicks of a training sample are chosen and drawn."""

    radius: Positive | None = None
    """Radius of the discs in pixels of the input; null: that of the weights that the training begins with, else the
    network's own, else 2 % of the shorter side, at least 2."""
    iterations: Count = 3
    """At most so many further clicks are placed on the network's own mistakes, each number from 0 on equally often."""
    drop_negatives: Fraction = 0.3
    """How often all negative hints are left out: real sessions start with one positive click and no negative one."""
    single_positive: Fraction = 0.2
    """How often one central positive click replaces all hints."""
    drop_previous: Fraction = 0.1
    """How often the previous mask is withheld."""
    corrupted_mask: Fraction = 0.05
    """How often a damaged copy of the true mask is the previous mask, so that existing masks can be corrected; half of the
    time with no other click than one that corrects it."""


class Augment(Section):
    """Changes to a training sample on every visit, on top of those made by the graph that produced it; drawn for each sample,
    and done on the device."""

    horizontal_flip: Fraction = 0.5
    """How often left and right are exchanged."""
    brightness: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Up to this share of the full range is added or taken away."""
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Distances from mid-grey are scaled by 1 ± up to this."""
    colour: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Up to this share of the full range is added to each colour channel by itself."""
    grey: Fraction = 0.1
    """How often all colours are taken away."""


class ViewSize(Section):
    """One size of views."""

    side: Annotated[int, Field(ge=32, multiple_of=32)]
    """Height and width of the network's input, pixels."""
    share: Positive = 1.0
    """How often a step is of this size, relative to the others."""
    whole: Fraction = 0.2
    """How often a view is the whole photograph."""


class Colours(Section):
    """How far the colours of a view are changed."""

    saturation: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Distances from grey are scaled by 1 ± up to this."""
    grey: Fraction = 0.05
    """How often all colours are taken away."""
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """Distances from mid-grey are scaled by 1 ± up to this."""
    brightness: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """Up to this share of the full range is added or taken away."""
    tint: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Up to this share of the full range is added to each colour channel by itself."""
    gamma: tuple[Positive, Positive] = (0.8, 1.25)
    """Values in 0..1 are raised to a power between these."""


class Views(Section):
    """Samples are whole photographs, and every visit is a new view of one object, drawn on the device."""

    sizes: Annotated[tuple[ViewSize, ...], Field(min_length=1)] = (
        ViewSize(side=192, share=0.30),
        ViewSize(side=256, share=0.42),
        ViewSize(side=416, share=0.28, whole=0.35),
    )
    """One of these a step. Few, since a GPU compiles for every new shape. A step of another size than `input_size` has as
    many samples as cost the same number of pixels."""
    object_share: tuple[Fraction, Fraction] = (0.1, 0.95)
    """The object's share of a crop's side, drawn evenly in its logarithm."""
    aspect: tuple[Positive, Positive] = (0.8, 1.25)
    """Width / height of a crop, drawn evenly in its logarithm; every view is stretched to a square."""
    smallest_crop: PositiveCount = 72
    """Smallest height of a crop in pixels of the stored photograph."""
    cut: Fraction = 0.12
    """How often, in each direction, a crop is moved off the object by up to `cut_by`, so that it may be cut."""
    cut_by: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Largest shift in shares of the crop."""
    cutouts: Fraction = 0.3
    """How often another view's object is pasted in; it, or what it covers, is then the object."""
    horizontal_flip: Fraction = 0.5
    """How often left and right are exchanged."""
    colours: Colours = Colours()
    rounds: Annotated[tuple[Positive, ...], Field(min_length=1)] = (0.28, 0.30, 0.25, 0.17)
    """How often 0, 1, 2, … further clicks are placed on the network's own mistakes, relative to each other."""
    pools: dict[str, Positive] | tuple[Positive, ...] = Field(default_factory=dict)
    """How often a sample comes from each dataset, relative to the others: by the names of their folders, or as a list in the
    order in which they are given, whose last number is that of all further datasets together. Without any, in proportion
    to the root of the number of its objects."""
    resident: bool | None = None
    """Whether all photographs stay in the device's memory; null: where they fill at most half of what is free there."""

    @model_validator(mode="after")
    def ordered(self) -> Self:
        for name in ("object_share", "aspect"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} {low}, {high}: the first must be above 0 and not above the second")
        if self.colours.gamma[0] > self.colours.gamma[1]:
            raise ValueError(f"colours.gamma {self.colours.gamma}: the first must not be above the second")
        return self


def _known_network(name: str) -> str:
    if name not in NETWORKS:
        raise ValueError(f"found {name!r}; allowed are {', '.join(sorted(NETWORKS))}{nearest(name, NETWORKS)}")
    return name


class TrainConfig(Section):
    """Everything that decides a training run, but for the data, the machine and where the results go."""

    input_size: InputSize
    batch_size: BatchSize
    data_workers: DataWorkers = DataWorkers()
    epochs: PositiveCount
    """How often all training samples are seen."""
    val_every: Positive = 1.0
    """Epochs between validations, also 0.5 or 1.5; a checkpoint is saved at each."""
    lr: Positive
    """The learning rate after the warm-up."""
    keep_statistics: bool = False
    """Whether all batch norms keep the statistics of the weights that the training begins with: for so few images that
    theirs would be those of a handful of pictures. Those of a part with an `lr_parts` of 0 always do."""
    lr_parts: dict[str, Annotated[float, Field(ge=0)]] | None = None
    """Parts of the network, as the names of their tensors begin, and the share of `lr` with which each learns, such as
    `{"encoder": 0.5}`; null: the network's own, which are that for `lite` and none for the others; `{}`: all alike."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """SGD's momentum; AdamW's first beta, whose second is 0.99."""
    lr_decreasing: LrDecreasing = LrDecreasing()
    loss_weights: LossWeights = LossWeights()
    special_classes: SpecialClasses = SpecialClasses()
    dataset_tags: DatasetTags = DatasetTags()
    weights_init_type: Literal["scratch", "transfer_learning", "continue_training"] = "scratch"
    """Start from random weights; from other weights but for the heads and what does not fit; or from weights as they are.

    The weights are those of `--weights`. Without it `continue_training` takes those of the zoo for the same network, and
    where there are none begins from scratch, which is said.
    """
    gpu_devices: tuple[Count, ...] | None = None
    """Numbers of the GPUs to use; one that is not there is an error that names `--accelerator cpu`. An empty list is the CPU;
    without the key, one GPU where there is one."""
    allow_corrupted_samples: AllowCorruptedSamples = AllowCorruptedSamples()
    validate_with_model_eval: bool = True
    """Understood for the sake of older configs; validation always uses the network as it will be used later."""

    network: Annotated[str, AfterValidator(_known_network)] = "lite"
    """Design and size of the network: `lite` has 3.7 million weights, its encoder trained on ImageNet; `nano` 0.2, `tiny` 1.3,
    `small` 3.5 and `base` 10 million, from scratch; `hrnet18s…` and `unet…` are there to compare with."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with momentum, or AdamW."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """On convolution weights only; null: 0.0001 for SGD, 0.01 for AdamW."""
    schedule: Literal["plateau", "cosine"] = "plateau"
    """After the warm-up: follow `lr_decreasing`, or fall along a cosine to 1 % at the last step."""
    warmup_steps: Count | None = None
    """Steps over which the learning rate rises; null: 500, or a tenth of the run where that is less. Without them, and without
    `gradient_clip`, SGD at 0.1 collapses to empty masks."""
    gradient_clip: Positive | None = 1.0
    """Largest norm of the gradient; null: not limited."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = 0.999
    """Decay a step of the moving average of the weights, which is then what is validated and used; null: no average.

    Early in a run the average forgets faster. At SGD's learning rate of 0.1 the weights of a single step are of little use:
    one validation in two may be near zero, while their average keeps improving.
    """
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Numbers of the convolutions; losses are always computed in 32 bits. On a processor with bfloat16 instructions
    `bf16-mixed` is 1.7 times as fast."""
    checkpoint_minutes: Positive | None = 5.0
    """Minutes between two writings of last.ckpt, besides those at validations; null: at validations only."""
    refuse_licences: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Parts of the names of licences, in capitals or not, under which no image may be that the training, or that of the
    weights it begins with, learns from; "not stated" is the name of one that is not known. `--refuse-licence` adds to it."""
    seed: Count = 0
    """All randomness of the training follows from it."""
    log_every: PositiveCount = 10
    """Steps between two lines of the log."""
    clicks: Clicks = Clicks()
    augment: Augment = Augment()
    views: Views | None = None
    """Draw a new view of a whole photograph at every visit, in place of stored crops with hints (`augment`, and all of
    `clicks` but `radius` and `drop_previous`, are for those)."""

    @model_validator(mode="after")
    def square_views(self) -> Self:
        if self.views is not None and self.input_size.width != self.input_size.height:
            raise ValueError(
                f"input_size is {self.input_size.width}×{self.input_size.height}, but views are square; "
                "make both sides the same"
            )
        return self

    @model_validator(mode="after")
    def enough_for_statistics(self) -> Self:
        size = self.input_size
        deepest = math.ceil(size.width / STRIDE) * math.ceil(size.height / STRIDE) * self.batch_size.train
        if deepest < 2 and not self.keep_statistics:
            raise ValueError(
                f"batch_size.train {self.batch_size.train} at {size.width}×{size.height}: the deepest features of a step are a "
                "single pixel, of which batch norm can take no mean; make the batch or the input larger, or set "
                "keep_statistics"
            )
        return self

    @field_validator("gpu_devices")
    @classmethod
    def no_device_twice(cls, devices: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if devices is not None and len(set(devices)) < len(devices):
            raise ValueError(f"{list(devices)} names a device twice")
        return devices

    def warmup(self, total_steps: int) -> int:
        """Steps of warm-up in a run of `total_steps`."""
        if self.warmup_steps is not None:
            return self.warmup_steps
        return min(LONGEST_AUTOMATIC_WARMUP, math.ceil(total_steps / 10))

    def decay(self) -> float:
        """Weight decay of convolution weights."""
        if self.weight_decay is not None:
            return self.weight_decay
        return 1e-4 if self.optimizer == "sgd" else 1e-2

    def with_epochs(self, epochs: int | None) -> "TrainConfig":
        """The same config with another number of epochs, None leaves it."""
        return self if epochs is None else self.model_copy(update={"epochs": epochs})

    def with_refused(self, licences: Iterable[str]) -> "TrainConfig":
        """The same config that refuses these licences, too."""
        return self.model_copy(update={"refuse_licences": (*self.refuse_licences, *licences)})

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, as JSON has them."""
        return self.model_dump(mode="json")


def read_config(path: str | Path) -> TrainConfig:
    """The config in a JSON file. Raises ConfigError, which lists all problems."""
    path = Path(path)
    try:
        text = decoded(path.read_bytes(), f"config {path}")
    except NotText as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(
            f"config {path}: cannot be read ({error.strerror}); give a JSON file such as configs/train/tutorial.json"
        ) from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str) -> TrainConfig:
    """The config in a JSON text; `name` stands for it in messages."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    try:
        return TrainConfig.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(listed(name, problems_of(error, TrainConfig, name))) from error
