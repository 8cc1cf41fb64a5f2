"""The training and validation steps: clicks of a simulated annotator, the loss, the optimizer.

Everything random is a function of (seed, step), so a resumed run repeats what an unbroken one would have done, and all
processes agree on how many clicks a step makes.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from model.augment import changed
from model.chance import generator, torch_generator
from model.click_tensors import default_radius, network_maps, next_clicks
from model.config import TrainConfig
from model.data import Batch
from model.errors import UserError
from model.licences import together
from model.losses import Losses, losses
from model.networks import ClickNetwork, channels_last
from model.predictor import THRESHOLD
from model.schedule import Plateau, cosine_factor, warmup_factor
from model.weights import CARD_KEY, WeightsCard

CLICK_COUNTS = (1, 2, 3, 5)
"""Validation reports the mean IoU after so many clicks."""
MONITOR = "val/miou"
"""The mean of those; the best checkpoint is the one where it is highest."""
_PLATEAU_KEY = "plateau"
_CONTINUED_KEY = "continued"


class DivergedError(UserError):
    """The loss is no number any more."""


class ClickModule(pl.LightningModule):
    """A click network in training."""

    def __init__(
        self,
        network: ClickNetwork,
        config: TrainConfig,
        total_steps: int,
        dataset_digest: str,
        begun_with: WeightsCard | None = None,
        licences: Mapping[str, str] | None = None,
    ) -> None:
        """total_steps: of the whole run, which its schedule needs to know.  begun_with: the card of the weights that the
        network has, None for one that knows nothing of clicks yet.  licences: for its card, of all images that it learns from
        and that the weights it begins with did.
        """
        super().__init__()
        self.network = channels_last(network)
        self.average = None if config.ema is None else deepcopy(self.network).requires_grad_(False)
        """The moving average of the network's weights and statistics: saved, validated and used in its place."""
        self.config = config
        self.total_steps = total_steps
        self.dataset_digest = dataset_digest
        self.licences = dict(licences or {})
        size = config.input_size
        self.radius = (
            config.clicks.radius
            or (begun_with and begun_with.click_radius)
            or network.click_radius
            or default_radius(size.height, size.width)
        )
        self.continued = begun_with is not None
        """Whether the average begins with weights that are worth keeping, and not with random ones to be forgotten."""
        self.plateau = Plateau(config.lr_decreasing.patience, config.lr_decreasing.lr_divisor)
        self.metrics: dict[str, float] = {}
        """Those of the last validation."""
        self._sums = torch.zeros(len(CLICK_COUNTS) + 2)

    @property
    def trained(self) -> ClickNetwork:
        """The network that training is for: the average where there is one."""
        return self.network if self.average is None else self.average

    def forward(self, image: Tensor, points: Tensor, previous: Tensor) -> Tensor:
        """What `trained` says: logits (B, 1, H, W) for image (B, 3, H, W), points (B, N, 3) and the previous
        probability (B, 1, H, W)."""
        logits: Tensor = self.trained(image, network_maps(points, previous, self.radius))
        return logits

    # ------------------------------------------------------------------------------------------------------- training

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate(self.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of this step, and its parts for the log."""
        parts = self.training_losses(batch, self.global_step)
        loss = parts.total(self.config.loss_weights.main_class, self.config.loss_weights.points)
        values = {
            "train/loss": loss,
            "train/focal": parts.focal,
            "train/iou": parts.iou,
            "train/auxiliary": parts.auxiliary,
            "train/points": parts.points,
        }
        size = len(batch["image"])
        self.log_dict({name: value.detach() for name, value in values.items()}, batch_size=size)
        # Filled on the device: a plain number would be copied there, and the step would wait for it.
        rate = torch.full((), self.learning_rate(self.global_step), device=self.device)
        self.log("lr", rate, batch_size=size)
        return loss

    def training_losses(self, batch: Batch, step: int) -> Losses:
        """What is wrong after the stored hints and a few clicks on the network's own mistakes."""
        batch = batch | self.augmented(batch)
        points, previous = self.interaction(batch, step)
        maps = network_maps(points, previous, self.radius)
        logits, auxiliary = self.network.forward_with_auxiliary(batch["image"], maps)
        return losses(logits, auxiliary, batch["label"], points)

    @staticmethod
    def augmented(batch: Batch) -> Batch:
        """The parts of a batch that its visits change; the image comes back as float32 in 0..1."""
        parts = changed(batch["image"], batch["label"], batch["points"], batch["start"], batch["changes"])
        return dict(zip(("image", "label", "points", "start"), parts, strict=True))

    def interaction(self, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """Points (B, N, 3) and previous probability (B, 1, H, W) that a training step starts from.

        The same number of clicks, from 0 to `clicks.iterations`, for the whole batch and on every process; the
        network answers them without gradients, with its running statistics, and outside of any wrapper that would
        talk to other processes.
        """
        clicks = self.config.clicks
        image, label, points = batch["image"], batch["label"], batch["points"]
        previous = batch["start"][:, None].float()
        rounds = int(generator(self.config.seed, "rounds", step).integers(clicks.iterations + 1))
        random = torch_generator(label.device, self.config.seed, "clicks", step, self.global_rank)
        self.network.eval()
        with torch.no_grad():
            for _ in range(rounds):
                previous = self.network(image, network_maps(points, previous, self.radius)).float().sigmoid()
                anywhere = torch.rand(label.shape, generator=random, device=label.device)
                click = next_clicks(previous[:, 0] > THRESHOLD, label, points, anywhere)
                points = torch.cat((points, click), dim=1)
        self.network.train()
        withheld = torch.rand(len(label), generator=random, device=label.device) < clicks.drop_previous
        return points, previous.masked_fill(withheld[:, None, None, None], 0.0)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Let the average follow at once: the callbacks that come next may save a checkpoint."""
        super().optimizer_step(*args, **kwargs)
        if self.average is not None and self.config.ema is not None:
            # The step is counted only after this.
            decay = self.config.ema if self.continued else ema_decay(self.config.ema, self.global_step + 1)
            follow(self.average, self.network, decay)

    # ----------------------------------------------------------------------------------------------------- validation

    def on_validation_epoch_start(self) -> None:
        self._sums = torch.zeros(len(CLICK_COUNTS) + 2, device=self.device, dtype=torch.float64)

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Loss with the stored hints; IoU after 1, 2, 3 and 5 clicks, each at the deepest point of what is wrong."""
        counted = batch["counted"]
        loss = self.validation_loss(batch) * counted.sum()
        probability, points, ious = self.session(batch)
        sums = torch.stack([loss, *((iou * counted).sum() for iou in ious), counted.sum()])
        self._sums += sums.double()
        return {"probability": probability, "points": points}

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
        loss, *ious = (sums[:-1] / sums[-1]).tolist()
        self.metrics = {"val/loss": loss}
        self.metrics |= {f"val/miou@{clicks}": value for clicks, value in zip(CLICK_COUNTS, ious, strict=True)}
        self.metrics[MONITOR] = sum(ious) / len(ious)
        if loss != loss:
            raise DivergedError(
                f"the validation loss is not a number after step {self.global_step}: training has diverged; "
                f"lower lr ({self.config.lr}), or set gradient_clip or a longer warmup_steps"
            )
        self.log_dict(self.metrics, sync_dist=True)
        if not self.trainer.sanity_checking:
            self.plateau.validated(loss)

    # ----------------------------------------------------------------------------------------------------- optimizing

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = self.config.warmup(self.total_steps)
        cosine = self.config.schedule == "cosine"
        after = cosine_factor(step, warmup, self.total_steps) if cosine else self.plateau.factor
        return self.config.lr * warmup_factor(step, warmup) * after

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD or AdamW; biases and batch norms do not decay."""
        parameters = list(self.network.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.config.decay()},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
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
        if gradient_clip_val is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), gradient_clip_val)

    # ---------------------------------------------------------------------------------------------------- checkpoints

    def card(self) -> WeightsCard:
        """What the present weights are."""
        size = self.config.input_size
        return WeightsCard(
            preset=self.config.network,
            input_size=(size.height, size.width),
            click_radius=self.radius,
            config=self.config.to_dict(),
            dataset_digest=self.dataset_digest,
            metrics=self.metrics,
            licences=self.licences,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[CARD_KEY] = self.card().to_dict()
        checkpoint[_PLATEAU_KEY] = self.plateau.state()
        checkpoint[_CONTINUED_KEY] = self.continued

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.plateau.restore(checkpoint[_PLATEAU_KEY])
        self.metrics = dict(checkpoint[CARD_KEY]["metrics"])
        self.radius = float(checkpoint[CARD_KEY]["click_radius"])
        # What the run began with is known only there.
        self.licences = together([self.licences, checkpoint[CARD_KEY].get("licences", {})])
        # Runs from before there was this entry did as those from scratch do.
        self.continued = bool(checkpoint.get(_CONTINUED_KEY, False))


def ema_decay(longest: float, step: int) -> float:
    """How much of the average stays at a step, counted from 1: at first little, so that the random start is forgotten."""
    return min(longest, (1 + step) / (10 + step))


@torch.no_grad()
def follow(average: ClickNetwork, network: ClickNetwork, decay: float) -> None:
    """Move every weight and statistic of `average` by the share 1 − `decay` towards that of `network`; counters are copied."""
    pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
    floats = [pair for pair in pairs if pair[0].is_floating_point()]
    torch._foreach_lerp_([mine for mine, _ in floats], [theirs for _, theirs in floats], 1 - decay)
    for mine, theirs in pairs:
        if not mine.is_floating_point():
            mine.copy_(theirs)


def iou(prediction: Tensor, label: Tensor) -> Tensor:
    """Intersection over union of (B, H, W) bool with labels 1 / 0 / -1, ignored pixels removed: (B,) float32.

    Where neither has a pixel the answer is right: 1.
    """
    truth, valid = label == 1, label >= 0
    intersection = (prediction & truth).sum(dim=(1, 2))
    union = ((prediction & valid) | truth).sum(dim=(1, 2))
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0)
