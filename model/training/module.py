"""The training and validation steps: clicks of a simulated annotator, the loss, the optimizer.

Everything random is a function of (seed, step), so a resumed run repeats what an unbroken one would have done, and all
processes agree on how many clicks a step makes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Self

import pytorch_lightning as pl
import torch
from torch import Tensor

from model.chance import generator
from model.clicks.tensors import default_radius, network_maps, next_clicks
from model.clicks.threshold import THRESHOLD
from model.networks import ClickNetwork, channels_last
from model.training.augment import changed
from model.training.average import ema_decay, follow
from model.training.clock import CLOCK_KEY, Clock
from model.training.config import TrainConfig, Views
from model.training.divergence import NEVER, DivergedError, Watch, all_finite, diverged
from model.training.drawn_views import drawn, size_of_step, still
from model.training.losses import Losses, losses
from model.training.metrics import countable, iou, means
from model.training.parts import check_parts, freeze, held, parameter_groups
from model.training.photographs import Photographs
from model.training.resume import take_by_name
from model.training.samples import Batch
from model.training.schedule import Plateau, cosine_factor, warmup_factor
from model.training.view_data import ViewData, objects_in
from model.training.visits import visit_of_sample, visit_of_view
from model.weights.checkpoints import CARD_KEY, WeightsCard
from model.weights.licences import together

CLICK_COUNTS = (1, 2, 3, 5)
"""Validation reports the mean IoU after so many clicks."""
MONITOR = "val/miou"
"""The mean of those; the best checkpoint is the one where it is highest."""
_PLATEAU_KEY = "plateau"
_CONTINUED_KEY = "continued"


class ClickModule(pl.LightningModule):
    """A click network in training."""

    def __init__(
        self,
        network: ClickNetwork,
        config: TrainConfig,
        clock: Clock,
        dataset_digest: str,
        begun_with: WeightsCard | None = None,
        licences: Mapping[str, str] | None = None,
    ) -> None:
        """clock: of the whole run, whose end its schedule needs to know.  begun_with: the card of the weights that the
        network has, None for one that knows nothing of clicks yet.  licences: for its card, of all images that it learns from
        and that the weights it begins with did.  Raises PartsError for lr_parts that it does not have.
        """
        super().__init__()
        self.lr_parts = network.lr_parts if config.lr_parts is None else config.lr_parts
        check_parts(network, self.lr_parts, config.network)
        self._held = held(network, self.lr_parts, config.keep_statistics)
        freeze(network, self.lr_parts)
        self.network = channels_last(network)
        self.average = None if config.ema is None else deepcopy(self.network).requires_grad_(False)
        """The moving average of the network's weights and statistics: saved, validated and used in its place."""
        self.config = config
        self.clock = clock
        self.dataset_digest = dataset_digest
        self.licences = dict(licences or {})
        size = config.input_size
        self.radius = (
            config.clicks.radius
            or (begun_with and begun_with.click_radius)
            or network.click_radius
            or default_radius(size.height, size.width)
        )
        self.continued = begun_with is not None and config.weights_init_type == "continue_training"
        """Whether the average begins with weights that are worth keeping, and not with random ones to be forgotten."""
        self.plateau = Plateau(config.lr_decreasing.patience, config.lr_decreasing.lr_divisor)
        self.metrics: dict[str, float] = {}
        """Those of the last validation."""
        same_size = begun_with is not None and begun_with.input_size == (size.height, size.width)
        self.look_size = begun_with.look_size if begun_with is not None and self.continued and same_size else None
        """See `WeightsCard`."""
        self.photographs: dict[str, Photographs] = {}
        """By split, those that views are drawn from, on this device; only where they stay in its memory."""
        self.watch = Watch(self.device)
        """For a loss or a gradient that is not finite."""
        self._sums = torch.zeros(len(CLICK_COUNTS) + 2)

    @property
    def trained(self) -> ClickNetwork:
        """The network that training is for: the average where there is one."""
        return self.network if self.average is None else self.average

    def forward(self, image: Tensor, points: Tensor, previous: Tensor) -> Tensor:
        """What `trained` says: logits (B, 1, H, W) for image (B, 3, H, W), points (B, N, 3) and the last probability."""
        logits: Tensor = self.trained(image, network_maps(points, previous, self.radius))
        return logits

    def on_fit_start(self) -> None:
        """Take what views are drawn from to this device."""
        data = getattr(self.trainer, "datamodule", None)
        if isinstance(data, ViewData):
            self.photographs = {role: part.to(self.device) for role, part in data.resident.items()}
            if self.device.type != "cpu":
                data.forget()

    def on_train_start(self) -> None:
        self.watch = Watch(self.device)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate(self.global_step) * group["lr_factor"]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of this step, and its parts for the log."""
        parts = self.training_losses(batch, self.global_step)
        loss = parts.total(self.config.loss_weights.main_class, self.config.loss_weights.points)
        self.watch.look(loss, self.global_step)
        values = {
            "train/loss": loss,
            "train/focal": parts.focal,
            "train/iou": parts.iou,
            "train/auxiliary": parts.auxiliary,
            "train/points": parts.points,
        }
        size = len(batch["counted"])
        self.log_dict({name: value.detach() for name, value in values.items()}, batch_size=size)
        # Filled on the device: a plain number would be copied there, and the step would wait for it.
        for name, value in (
            ("lr", self.learning_rate(self.global_step)),
            ("epoch", self.clock.epoch(self.global_step)),
        ):
            self.log(name, torch.full((), value, device=self.device), batch_size=size)
        return loss

    def training_losses(self, batch: Batch, step: int) -> Losses:
        """What is wrong after the stored hints and a few clicks on the network's own mistakes."""
        views = self.config.views
        batch = batch | self.augmented(batch) if views is None else batch | self.viewed(batch, views, step)
        points, previous = self.started(batch, step)
        maps = network_maps(points, previous, self.radius)
        logits, auxiliary = self.network.forward_with_auxiliary(batch["image"], maps)
        return losses(logits, auxiliary, batch["label"], points)

    def viewed(self, batch: Batch, views: Views, step: int) -> Batch:
        """The views of a batch: the image as float32 in 0..1, and the label."""
        size = size_of_step(views, generator(self.config.seed, "views", step))
        objects = objects_in(batch, self.photographs.get("train"))
        image, label = drawn(objects, batch["draws"], views, size)
        return {"image": image.contiguous(memory_format=torch.channels_last), "label": label}

    def train(self, mode: bool = True) -> Self:
        """See `torch.nn.Module.train`; what keeps its statistics keeps them."""
        super().train(mode)
        if mode:
            self.learn()
        return self

    def learn(self) -> None:
        """Put the network, but for what keeps its statistics, into training mode."""
        self.network.train()
        for norm in self._held:
            norm.eval()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The network answers as it will be used: with its running statistics, without gradients."""
        self.network.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.learn()

    def started(self, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """Points (B, N, 3) and previous probability (B, 1, H, W) that a training step starts from."""
        with self.answering():
            if self.config.views is None:
                return visit_of_sample(self.answer, batch, self.config, step, self.global_rank)
            image, label = batch["image"], batch["label"]
            return visit_of_view(self.answer, image, label, self.config, self.config.views, step, self.global_rank)

    @staticmethod
    def augmented(batch: Batch) -> Batch:
        """The parts of a batch that its visits change; the image comes back as float32 in 0..1."""
        parts = changed(batch["image"], batch["label"], batch["points"], batch["start"], batch["changes"])
        return dict(zip(("image", "label", "points", "start"), parts, strict=True))

    def answer(self, image: Tensor, points: Tensor, previous: Tensor) -> Tensor:
        """What the network in training says, (B, 1, H, W) in 0..1: while a step's clicks are simulated."""
        return self.network(image, network_maps(points, previous, self.radius)).float().sigmoid()

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Let the average follow at once: the callbacks that come next may save a checkpoint."""
        super().optimizer_step(*args, **kwargs)
        if self.average is not None and self.config.ema is not None:
            # The step is counted only after this.
            decay = self.config.ema if self.continued else ema_decay(self.config.ema, self.global_step + 1)
            follow(self.average, self.network, decay)

    def on_validation_epoch_start(self) -> None:
        self.check_finite()
        self._sums = torch.zeros(len(CLICK_COUNTS) + 2, device=self.device, dtype=torch.float64)

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Loss with the stored hints; IoU after 1, 2, 3 and 5 clicks, each at the deepest point of what is wrong."""
        batch = self.seen(batch)
        counted = batch["counted"]
        loss = self.validation_loss(batch) * counted.sum()
        probability, points, ious = self.session(batch)
        sums = torch.stack([loss, *((iou * counted).sum() for iou in ious), counted.sum()])
        self._sums += sums.double()
        return {"image": batch["image"], "label": batch["label"], "probability": probability, "points": points}

    def seen(self, batch: Batch) -> Batch:
        """A validation batch with image, label and points, whatever data it comes from: of photographs the whole ones, with a
        first click at the object's deepest point in place of stored hints."""
        if self.config.views is None:
            return batch | {"counted": countable(batch["counted"], batch["label"])}
        image, label = still(objects_in(batch, self.photographs.get("val")), self.config.input_size.height)
        nothing = torch.zeros_like(label, dtype=torch.bool)
        points = next_clicks(nothing, label, torch.zeros(len(label), 0, 3, device=label.device))
        return batch | {
            "image": (image * 255).round().to(torch.uint8),
            "label": label,
            "points": points,
            "counted": countable(batch["counted"], label),
        }

    def validation_loss(self, batch: Batch) -> Tensor:
        """The training loss for the stored hints as they are, no mask to begin with; only counted samples."""
        counted = batch["counted"]
        label, points = batch["label"][counted], batch["points"][counted]
        if len(label) == 0:
            return torch.zeros((), device=self.device)
        maps = network_maps(points, torch.zeros_like(label, dtype=torch.float32)[:, None], self.radius)
        logits, auxiliary = self.trained.forward_with_auxiliary(batch["image"][counted], maps)
        weights = self.config.loss_weights
        return losses(logits, auxiliary, label, points).total(weights.main_class, weights.points)

    def session(self, batch: Batch) -> tuple[Tensor, Tensor, list[Tensor]]:
        """A simulated annotator from the first click on: the last probability (B, 1, H, W), the clicks (B, N, 3), and
        the IoU (B,) after each number of clicks in `CLICK_COUNTS`."""
        image, label = batch["image"], batch["label"]
        probability = torch.zeros_like(label, dtype=torch.float32)[:, None]
        points = batch["points"][:, :0]
        ious = []
        for clicks in range(1, max(CLICK_COUNTS) + 1):
            click = next_clicks(probability[:, 0] > THRESHOLD, label, points)
            points = torch.cat((points, click), dim=1)
            probability = self(image, points, probability).float().sigmoid()
            if clicks in CLICK_COUNTS:
                ious.append(iou(probability[:, 0] > THRESHOLD, label))
        return probability, points, ious

    def on_validation_epoch_end(self) -> None:
        """Put the sums of all processes together, each sample once, and let the learning rate react."""
        sums = self.trainer.strategy.reduce(self._sums, reduce_op="sum")
        loss, *ious = means(sums)
        self.metrics = {"val/loss": loss}
        self.metrics |= {f"val/miou@{clicks}": value for clicks, value in zip(CLICK_COUNTS, ious, strict=True)}
        self.metrics[MONITOR] = sum(ious) / len(ious)
        if loss != loss:
            raise DivergedError(
                f"the validation loss is not a number after step {self.global_step}: training has diverged; "
                f"lower lr ({self.config.lr}), or set gradient_clip or a longer warmup_steps"
            )
        self.log_dict(self.metrics | {"epoch": self.clock.epoch(self.global_step)}, sync_dist=True)
        if not self.trainer.sanity_checking:
            self.plateau.validated(loss)

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = self.clock.warmup
        cosine = self.config.schedule == "cosine"
        after = cosine_factor(step, warmup, self.clock.total_steps) if cosine else self.plateau.factor
        return self.config.lr * warmup_factor(step, warmup) * after

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD or AdamW; biases and batch norms do not decay, and `lr_parts` learn at rates of their own."""
        groups = parameter_groups(self.network, self.lr_parts, self.config.decay())
        if self.config.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=self.config.lr, momentum=self.config.momentum, fused=True)
        return torch.optim.AdamW(groups, lr=self.config.lr, betas=(self.config.momentum, 0.99), fused=True)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Limit the norm of all gradients together. Lightning's own way refuses fused optimizers in mixed precision,
        since those could undo a scaling of the gradients; bfloat16 needs none."""
        largest = float("inf") if gradient_clip_val is None else gradient_clip_val
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), largest)
        self.watch.look(norm, self.global_step)

    def check_finite(self, weights: bool = True) -> None:
        """Raise DivergedError, in every process, where the loss or a gradient of any of them was not finite since the start,
        or, if `weights`, where a weight is not.

        To be called by all processes. Waits for the device, so not at every step.
        """
        seen = self.watch.first.clone()
        if weights:
            state = [tensor for network in (self.network, self.trained) for tensor in network.state_dict().values()]
            now = torch.full_like(seen, self.global_step).masked_fill(all_finite(state), NEVER)
            seen = torch.minimum(seen, now)
        first = int(self.trainer.strategy.reduce(seen, reduce_op="min"))
        if first != NEVER:
            raise diverged(first, self.global_step, self.config)

    def card(self) -> WeightsCard:
        """What the present weights are."""
        size = self.config.input_size
        return WeightsCard(
            network=self.config.network,
            input_size=(size.height, size.width),
            click_radius=self.radius,
            config=self.config.to_dict(),
            dataset_digest=self.dataset_digest,
            metrics=self.metrics,
            look_size=self.look_size,
            licences=self.licences,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[CARD_KEY] = self.card().to_dict()
        checkpoint[_PLATEAU_KEY] = self.plateau.state()
        checkpoint[_CONTINUED_KEY] = self.continued
        checkpoint[CLOCK_KEY] = self.clock.to_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.plateau.restore(checkpoint[_PLATEAU_KEY])
        self.metrics = dict(checkpoint[CARD_KEY]["metrics"])
        self.radius = self.config.clicks.radius or float(checkpoint[CARD_KEY]["click_radius"])
        self.look_size = checkpoint[CARD_KEY].get("look_size")
        # What the run began with is known only there.
        self.licences = together([self.licences, checkpoint[CARD_KEY].get("licences", {})])
        # Runs from before there was this entry did as those from scratch do.
        self.continued = bool(checkpoint.get(_CONTINUED_KEY, False))
        take_by_name(checkpoint, self, self.network, self.configure_optimizers)
