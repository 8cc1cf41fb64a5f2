"""How long a training step of `lite` takes, by number format, memory layout, size and batch; and what its pieces cost."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from gpu_parts import Task, part

if TYPE_CHECKING:
    import torch

FORMATS = ("fp32", "tf32", "bf16")
LAYOUTS = ("contiguous", "channels_last")
SHAPES = ((256, 64), (256, 192), (192, 340), (416, 72), (512, 48))
"""Side of the input, samples a step: the first for every format and layout, the others for the two that are fastest."""
REPEATS = 20
ROUNDS = (0, 1, 2, 3)
DEPTHS = (8, 16, 32, 64)


@part(
    "step-times", 420, "time of a step of lite by number format, memory layout, size and batch, and of its first step"
)
def step_times(task: Task) -> None:
    shapes = ((32, 2),) if task.settings.check else SHAPES
    found: list[dict[str, Any]] = []
    for benchmark in (False, True):
        for numbers in FORMATS:
            for layout in LAYOUTS:
                found.append(step_time(task, *shapes[0], numbers, layout, benchmark))
                task.note(steps=found)
    best = sorted(found, key=lambda row: row["ms"])[:2]
    for side, batch in shapes[1:]:
        for row in best:
            found.append(step_time(task, side, batch, row["numbers"], row["layout"], row["benchmark"]))
            task.note(steps=found)


@part("compile", 420, "time of a step with torch.compile, and with CUDA graphs, beside one without")
def compiled(task: Task) -> None:
    side, batch = (32, 2) if task.settings.check else (256, 192)
    # On the processor the real compiler takes minutes; that the call runs is seen without it.
    ways: dict[str, dict[str, Any] | None] = {"plain": None}
    ways |= (
        {"eager backend": {"backend": "eager"}}
        if task.settings.check
        else {"compiled": {}, "CUDA graphs": {"mode": "reduce-overhead"}}
    )
    found: list[dict[str, Any]] = []
    for name, how in ways.items():
        try:
            row = step_time(task, side, batch, "bf16", "channels_last", False, how)
        except Exception as error:  # whatever a compiler says is the result
            row = {"error": f"{type(error).__name__}: {error}"[:2000]}
        found.append({"way": name} | row)
        task.note(steps=found)


@part("clicks", 120, "what the extra passes of simulated clicks cost, and the peeling of regions by its depth")
def clicks(task: Task) -> None:
    import torch

    from model.clicks.tensors import depth_by_peeling, network_maps
    from model.networks import build, channels_last

    device, repeats = device_of(), 1 if task.settings.check else REPEATS
    side, batch = (32, 2) if task.settings.check else (256, 192)
    regions = torch.rand(2 * batch, side // 2, side // 2, device=device) > 0.02
    peeling = {}
    for depth in DEPTHS[: 2 if task.settings.check else None]:
        peeling[depth] = timed(lambda depth=depth: depth_by_peeling(regions, depth), repeats)[1]  # type: ignore[misc]
        task.note(peeling_ms=peeling, peeling_of=list(regions.shape))
    network = channels_last(build("lite")).to(device).eval()
    image, _, points = batch_of(batch, side, device, channels=True)
    previous = torch.zeros(batch, 1, side, side, device=device)

    def answer() -> None:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            network(image, network_maps(points, previous, 5.0))

    task.note(pass_ms=timed(answer, repeats)[1], batch=batch, side=side)


def step_time(
    task: Task,
    side: int,
    batch: int,
    numbers: str,
    layout: str,
    benchmark: bool,
    compile_as: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One row: seconds of the first step, milliseconds of a later one, samples a second."""
    import torch

    from model.clicks.tensors import network_maps
    from model.networks import build, channels_last
    from model.training.losses import losses

    device = device_of()
    with numbers_as(numbers, device.type) as context, cudnn_benchmark(benchmark):
        network = build("lite").to(device)
        if layout == "channels_last":
            network = channels_last(network)
        ahead: Callable[..., Any] = network.forward_with_auxiliary
        if compile_as is not None:
            ahead = torch.compile(ahead, **compile_as)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
        image, label, points = batch_of(batch, side, device, layout == "channels_last")
        previous = torch.zeros(batch, 1, side, side, device=device)

        def step() -> None:
            with context():
                logits, auxiliary = ahead(image, network_maps(points, previous, 5.0))
                loss = losses(logits, auxiliary, label, points).total(1.0, 1.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        first, later = timed(step, 1 if task.settings.check else REPEATS)
    row = {"side": side, "batch": batch, "numbers": numbers, "layout": layout, "benchmark": benchmark}
    return row | {"first_s": round(first, 3), "ms": later, "samples_s": round(1000 * batch / later)}


@contextmanager
def numbers_as(numbers: str, kind: str) -> Iterator[Callable[[], AbstractContextManager[Any]]]:
    """The number format of convolutions inside; gives what to compute a forward pass in."""
    import torch

    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = numbers != "fp32"
    try:
        yield (lambda: torch.autocast(kind, torch.bfloat16)) if numbers == "bf16" else nullcontext
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@contextmanager
def cudnn_benchmark(on: bool) -> Iterator[None]:
    """Whether cuDNN tries out its algorithms inside."""
    import torch

    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = on
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Seconds of the first call, and milliseconds of one of the `repeats` calls after three more."""
    started = time.perf_counter()
    work()
    finish()
    first = time.perf_counter() - started
    if repeats > 1:
        for _ in range(3):
            work()
        finish()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    finish()
    return first, round(1000 * (time.perf_counter() - started) / repeats, 3)


def finish() -> None:
    """Wait for the GPU."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_of() -> "torch.device":
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def batch_of(
    count: int, side: int, device: "torch.device", channels: bool
) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """Image (B, 3, S, S) float32, label (B, S, S) int8 and points (B, 4, 3), of noise."""
    import torch

    layout = torch.channels_last if channels else torch.contiguous_format
    image = torch.rand(count, 3, side, side, device=device).contiguous(memory_format=layout)
    label = (torch.rand(count, side, side, device=device) > 0.5).to(torch.int8)
    points = torch.full((count, 4, 3), float(side // 2), device=device)
    points[..., 2] = 1
    return image, label, points
