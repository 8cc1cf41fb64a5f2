"""Measures and trains on a bare GPU machine, in parts that each have a time limit and write their result at once."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import zipfile
from collections.abc import Sequence
from pathlib import Path

from gpu_parts import PACK, ROOT, Part, Settings, Task, known, read, write

NEEDED = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
    "shapely",
    "zstandard",
)
"""What a machine with PyTorch and Lightning may lack; the names under which they are imported."""
RESULTS = ROOT / "bench" / "results" / "gpu"
LEAST_S = 5.0
"""A part is not begun for less."""

_EPILOG = """\
examples:
  python bench/gpu.py --list
  python bench/gpu.py --parts machine step-times train-rate --out "$OUT"
  python bench/gpu.py --parts train-free status --minutes 12 --without ecssd bsds-voc --out "$OUT"
  python bench/gpu.py --parts status home --out "$OUT"
  python bench/gpu.py --cpu-check --data data/photographs           # does everything run? seconds a part, no GPU

Each part is a process of its own, which is ended at its time limit; OUT/PART.json has its figures from the moment they are
known, so what is cut off loses only the part in progress. Wheels in gpu-pack/wheels are used where imports lack; datasets
in gpu-pack/data are used unless --data says otherwise. See docs/guides/gpu.md. Exit status: 0, or 1 where a part failed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    parts = known()
    if options.list:
        width = max(map(len, parts))
        print("\n".join(f"{part.name:{width}}  {part.limit_s:4.0f} s  {part.help}" for part in parts.values()))
        return 0
    settings = settings_of(options)
    names = options.parts or list(parts)
    unknown = [name for name in names if name not in parts]
    if unknown:
        raise SystemExit(f"error: there are no parts {', '.join(unknown)}; there are {', '.join(parts)}")
    if options.child:
        return work(Task(options.child, settings), parts[options.child])
    environment: dict[str, str] = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path_of(options.pack)))}
    failed = 0
    ends = time.monotonic() + options.limit
    for name in names:
        command = [sys.executable, str(Path(__file__).resolve()), "--child", name, "--settings", settings.to_json()]
        failed += not watched(parts[name], settings, command, environment, ends - time.monotonic())
    return 1 if failed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--list", action="store_true", help="list the parts, with their time limits")
    add("--parts", nargs="+", metavar="PART", help="what to do, in this order (default: everything)")
    add(
        "--out",
        type=Path,
        default=Path(os.environ.get("OUT") or RESULTS),
        metavar="DIR",
        help="results (default: $OUT, else %(default)s)",
    )
    add("--limit", type=float, default=570, metavar="S", help="seconds for all parts together (default: %(default)s)")
    add("--cpu-check", action="store_true", help="everything in a tiny form on the processor, to see that it runs")
    add("--pack", type=Path, default=PACK, metavar="DIR", help="what `make gpu-pack` made (default: %(default)s)")
    add("--data", nargs="+", metavar="DIR", help="datasets of whole photographs (default: those of the pack)")
    add("--without", nargs="+", default=[], metavar="POOL", help="pools that train-free leaves out")
    add("--refuse", nargs="+", default=[], metavar="TEXT", help="train-free ends where a licence has this in it")
    add("--config", type=Path, default=Settings.config, metavar="CONFIG", help="training config (default: %(default)s)")
    add(
        "--seconds",
        type=float,
        default=Settings.seconds,
        metavar="S",
        help="length of a rate's measurement (default: %(default)s)",
    )
    add(
        "--minutes",
        type=float,
        default=Settings.minutes,
        metavar="M",
        help="length of a training, by the rate that train-rate found (default: %(default)s)",
    )
    add("--epochs", type=int, metavar="N", help="length of a training, in place of --minutes")
    add("--weights", metavar="CHECKPOINT", help="what train-free and train-large begin with")
    add("--sibling", default=Settings.sibling, metavar="NETWORK", help="the larger network (default: %(default)s)")
    add("--runs", type=Path, default=Settings.runs, metavar="DIR", help="where trainings live (default: %(default)s)")
    add("--reference", type=Path, metavar="FILE", help="a program to compare the rate with")
    add("--reference-pack", nargs="+", default=[], metavar="PACK", help="its --pack")
    add("--child", metavar="PART", help=argparse.SUPPRESS)
    add("--settings", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace) -> Settings:
    """What the parts need to know."""
    if options.settings:
        return Settings.from_json(options.settings)
    packed, lacking = ([], "") if options.data else gathered(options.pack)
    return Settings(
        out=options.out.resolve(),
        check=options.cpu_check,
        data=tuple(str(Path(folder).resolve()) for folder in options.data or packed),
        lacking=lacking,
        without=tuple(options.without),
        refuse=tuple(options.refuse),
        config=options.config.resolve(),
        seconds=options.seconds,
        minutes=options.minutes,
        epochs=options.epochs,
        weights=options.weights,
        sibling=options.sibling,
        runs=options.runs.resolve(),
        reference=options.reference,
        reference_pack=tuple(options.reference_pack),
    )


def work(task: Task, part: Part) -> int:
    """In the child: do the part; its error is a result, too."""
    started = time.monotonic()
    try:
        import torch

        gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
        task.note(device=gpu or "CPU", torch=torch.__version__)
        part.work(task)
    except SystemExit as error:
        task.note(error=str(error))
    except BaseException:
        task.note(error=traceback.format_exc()[-4000:])
    task.note(seconds=round(time.monotonic() - started, 1))
    return 1 if "error" in task.figures else 0


def watched(part: Part, settings: Settings, command: Sequence[str], environment: dict[str, str], left: float) -> bool:
    """Do a part by a command of its own, for so long as it may, at most `left` seconds; whether it went well."""
    limit = min(part.limit_s, left)
    file = settings.out / f"{part.name}.json"
    if limit < LEAST_S:
        write(file, {"error": f"not begun: {max(0.0, left):.0f} s are left of --limit"})
        return said(part, file)
    file.unlink(missing_ok=True)
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        # Trainings that are to live on are in sessions of their own, and are not met.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        write(file, read(file) | {"error": f"ended at its limit of {limit:.0f} s", "seconds": round(limit, 1)})
        return said(part, file)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    if code and "error" not in read(file):
        write(file, read(file) | {"error": f"ended with exit status {code}"})
    return said(part, file)


def said(part: Part, file: Path) -> bool:
    """Print a part's result; whether it went well."""
    figures = read(file)
    print(
        f"--- {part.name}: {'failed' if 'error' in figures else 'done'} ---\n{json.dumps(figures, indent=1)}",
        flush=True,
    )
    return "error" not in figures


def path_of(pack: Path) -> list[Path]:
    """Folders to import from: the project, this one, and the unpacked wheels where something that is needed lacks."""
    folders = [ROOT, ROOT / "bench"]
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        folders.append(unpacked(pack / "wheels", pack / "site", lacking))
    return [*folders, *(Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry)]


def unpacked(wheels: Path, site: Path, lacking: Sequence[str]) -> Path:
    """A folder with all wheels in it. A wheel is an archive, so that neither pip nor an index is needed."""
    found = sorted(wheels.glob("*.whl"))
    names = {wheel.name.partition("-")[0].lower() for wheel in found}
    missing = [name for name in lacking if name not in names]
    if missing:
        raise SystemExit(
            f"error: {', '.join(missing)} cannot be imported, and {wheels} has no wheels of it; "
            "run `make gpu-pack` where there is a network, and carry gpu-pack/wheels"
        )
    done = site / "unpacked.json"
    if read(done).get("wheels") != [wheel.name for wheel in found]:
        for wheel in found:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site)
        write(done, {"wheels": [wheel.name for wheel in found]})
    return site


def gathered(pack: Path) -> tuple[list[Path], str]:
    """The pack's datasets, each put together from the parts that have come; and what is missing of others."""
    datasets = pack / "datasets"
    for file in sorted(pack.glob("data/*/*/*")):
        link = datasets / file.parent.name / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(file.resolve())
    found, problems = [], []
    for folder in sorted(datasets.glob("*")):
        shards = read(folder / "manifest.json").get("shards")
        missing = [shard["file"] for shard in shards or () if not (folder / shard["file"]).exists()]
        if shards is None or missing:
            problems.append(f"{folder.name} lacks {'manifest.json' if shards is None else ', '.join(missing[:3])}")
        else:
            found.append(folder)
    return found, "; ".join(problems)


if __name__ == "__main__":
    sys.exit(main())
