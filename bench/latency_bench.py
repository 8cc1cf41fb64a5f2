"""How long networks take for one answer: PyTorch and ONNX Runtime, on one thread and on two, in turns."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from model.clicks.tensors import NEGATIVE, POSITIVE, default_radius
from model.inference.backend import Backend, TorchBackend
from model.inference.export import export
from model.inference.onnx_backend import OnnxBackend
from model.inference.predictor import Predictor, Session
from model.inference.zoom import ZoomIn
from model.networks import NETWORKS, ClickNetwork, build, channels_last
from model.networks.cost import Cost, cost
from model.weights import zoo
from model.weights.checkpoints import WeightsCard, load_network

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "latency.json"
THREADS = (1, 2)
RUNTIMES = ("PyTorch", "ONNX Runtime")
PHOTOGRAPH = (480, 640)
"""Height and width of the image that whole clicks are made in."""
_WARM_UP, _ANSWERS = 3, 5
"""Answers a turn that do not count, and that do: another number of threads and the runtime before leave their traces."""

_EPILOG = """\
examples:
  python bench/latency_bench.py                      all networks, about two minutes
  python bench/latency_bench.py --networks tiny small --size 384

Every network answers one image after the other, three points in it; weights do not matter and are random. All networks,
runtimes and numbers of threads take turns, so that other work on the machine meets all of them, and the median counts.
A click is what a person waits for: zoom, resizing, the network's looks, and the mask at the image's size, of a photograph of
640x480, with the default weights.
Results go to bench/results/latency.json, and to standard output as the table of docs/explanation/performance.md.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers of one network by one runtime on so many threads; seconds of each answer."""

    network: str
    runtime: str
    threads: int
    answer: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        return 1000 * statistics.median(self.seconds)


def main() -> int:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="latency-bench-") as folder:
        measured = prepared(arguments.networks, arguments.size, Path(folder))
        take_turns(measured, arguments.rounds)
    costs = {name: cost(build(name), arguments.size, arguments.size) for name in arguments.networks}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(as_json(measured, costs, arguments.size), indent=2) + "\n")
    print(table(measured, costs, arguments.size))
    print(f"written to {RESULTS.relative_to(ROOT)}", file=sys.stderr)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS), metavar="NAME", help="default: all"
    )
    parser.add_argument(
        "--size", type=int, default=256, metavar="PIXELS", help="side of the image (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of each, of five answers (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 6)
    return arguments


def prepared(names: Sequence[str], size: int, folder: Path) -> list[Measured]:
    """Everything to measure, ready to answer: each network alone, and whole clicks with the weights that come along."""
    image = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    measured = []
    for name in tqdm(names, desc="exporting", file=sys.stderr):
        network = channels_last(build(name)).eval()
        card = WeightsCard(name, (size, size), default_radius(size, size))
        file = folder / f"{name}.onnx"
        export(network, card, file)
        for threads in THREADS:
            for runtime, backend in backends(network, card, file, threads):
                measured.append(Measured(name, runtime, threads, answer_of(backend, image, threads)))
    return measured + whole_clicks(folder)


def backends(network: ClickNetwork, card: WeightsCard, file: Path, threads: int) -> list[tuple[str, Backend]]:
    """The network in PyTorch, and as exported to `file` in ONNX Runtime, by the names in `RUNTIMES`."""
    exported, _ = OnnxBackend.load(file, threads)
    return list(zip(RUNTIMES, (TorchBackend(network, card.click_radius), exported), strict=True))


def answer_of(backend: Backend, image: np.ndarray, threads: int) -> Callable[[], object]:
    """One answer for (size, size, 3) uint8."""
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    side = image.shape[0]
    rows = [[side / 2, side / 2, POSITIVE], [side / 4, side / 2, POSITIVE], [side / 8, side / 8, NEGATIVE]]
    points, previous = torch.tensor([rows]), torch.zeros(1, 1, side, side)

    def answer() -> object:
        torch.set_num_threads(threads)
        return backend.answers(tensor, previous, points)

    return answer


def whole_clicks(folder: Path) -> list[Measured]:
    """Clicks in a photograph with the default weights: the first of a session with all its looks, and the second, for which the
    view is zoomed; at the size on the card of the weights."""
    image = np.random.default_rng(1).integers(0, 256, (*PHOTOGRAPH, 3), np.uint8)
    network, card = load_network(zoo.DEFAULT)
    file = folder / "zoo.onnx"
    export(network, card, file)

    def clicks(predictor: Predictor, threads: int) -> dict[str, Callable[[], object]]:
        torch.set_num_threads(threads)
        start = predictor.set_image(image)
        begun = start.click(320, 240, positive=True)

        def answer(session: Session, x: int, y: int) -> object:
            torch.set_num_threads(threads)
            return session.click(x, y, positive=True).mask

        return {"first click": partial(answer, start, 320, 240), "later click": partial(answer, begun, 340, 250)}

    measured = []
    for threads in THREADS:
        for runtime, backend in backends(network, card, file, threads):
            predictor = Predictor(backend, ZoomIn.for_people(card.look))
            measured += [
                Measured(f"{what}, {zoo.DEFAULT}", runtime, threads, answer)
                for what, answer in clicks(predictor, threads).items()
            ]
    return measured


def take_turns(measured: Sequence[Measured], rounds: int) -> None:
    """Fill in the seconds."""
    for _ in tqdm(range(rounds), desc="rounds", file=sys.stderr):
        for one in measured:
            for number in range(_WARM_UP + _ANSWERS):
                started = time.perf_counter()
                one.answer()
                if number >= _WARM_UP:
                    one.seconds.append(time.perf_counter() - started)


def as_json(measured: Sequence[Measured], costs: dict[str, Cost], size: int) -> dict[str, object]:
    """The content of the result file."""
    return {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": version("torch"),
            "onnxruntime": version("onnxruntime"),
        },
        "size": size,
        "costs": {name: asdict(found) for name, found in costs.items()},
        "milliseconds": [
            {"network": one.network, "runtime": one.runtime, "threads": one.threads, "median": one.milliseconds}
            for one in measured
        ],
    }


def table(measured: Sequence[Measured], costs: dict[str, Cost], size: int) -> str:
    """Markdown."""
    columns = [(runtime, threads) for runtime in RUNTIMES for threads in THREADS]
    heads = [f"{runtime}, {threads} thread{'s' if threads > 1 else ''}" for runtime, threads in columns]
    lines = [
        f"| ms an answer at {size}×{size} | million weights | GMAC | " + " | ".join(heads) + " |",
        "|---" * (3 + len(columns)) + "|",
    ]
    for name in dict.fromkeys(one.network for one in measured):
        of = {(one.runtime, one.threads): one.milliseconds for one in measured if one.network == name}
        cells = ["", ""]
        if name in costs:
            cells = [f"{costs[name].weights / 1e6:.2f}", f"{costs[name].multiplications / 1e9:.2f}"]
        lines.append(f"| {name} | " + " | ".join(cells + [f"{of[column]:.1f}" for column in columns]) + " |")
    lines.append("| HRNet18s + OCR48 of RITM, as published, another machine | 4.22 | 3.66 | | | 119 | |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
