"""Packs what a bare GPU machine lacks: wheels, and datasets of whole photographs in parts that are small enough to travel."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GRAPH = ROOT / "configs" / "graphs" / "photographs.json"
PACK = ROOT / "gpu-pack"
WHEELS, DATA, CONTENT = "wheels", "data", "pack.json"

WANTED = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
    "shapely",
    "zstandard",
)
"""What the product needs to train, and a machine with PyTorch and Lightning alone does not have."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
PYTHON = "3.12"

MIB = 2**20
LARGEST_PART = 50
TRAVELS = 64
"""MiB that travel to the machine at once: the working tree, the wheels, and one part of the data."""
SPARE = 1

_EPILOG = """\
example:
  make gpu-pack POOLS="coco:data/coco-80 coco:data/pets voc:data/ccp-voc"

POOLS decides what is trained on, and so under which licences the weights will be. Each pool is run through the graph by
itself, and keeps the name of its folder. gpu-pack/ gets wheels/, data/00, data/01, … and pack.json, which says what is where.
See docs/guides/gpu.md.
"""


class PackError(Exception):
    """Something that cannot be packed."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Labelled images to train on: `location` as `--project NAME=LOCATION` takes it, `name` that of its folder."""

    name: str
    location: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        pack(options)
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pools", nargs="*", metavar="POOL", help="labelled images, e.g. coco:DIR, voc:DIR or DIR")
    parser.add_argument(
        "--graph", type=Path, default=GRAPH, metavar="GRAPH", help="makes a pool's dataset (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=PACK, metavar="DIR", help="the pack (default: %(default)s)")
    parser.add_argument(
        "--part-mib",
        type=int,
        metavar="N",
        help=f"largest part of the data (default: what is left of {TRAVELS}, at most {LARGEST_PART})",
    )
    parser.add_argument(
        "--licence",
        action="append",
        default=[],
        metavar="POOL=TEXT",
        help="licence of a pool's images, by the name of its folder, where it does not say so itself; repeat",
    )
    parser.add_argument("--no-wheels", action="store_true", help="leave the wheels as they are")
    return parser.parse_args(arguments)


def pack(options: argparse.Namespace) -> None:
    """Make the pack. Raises PackError."""
    pools = [pool_of(text) for text in options.pools]
    check(pools, options)
    wheels = options.output / WHEELS
    if not options.no_wheels:
        download(wheels)
    limit = (options.part_mib or room_for_a_part(wheels)) * MIB
    made, data = options.output / "made", options.output / DATA
    for folder in (made, data):
        shutil.rmtree(folder, ignore_errors=True)
    project = project_of(options.graph)
    datasets = {}
    for pool in pools:
        licences = [text for name, text in map(licence_of, options.licence) if name == pool.name]
        datasets[pool.name] = run_graph(options.graph, project, pool, made / pool.name, licences)
    parts = dealt({name: files_of(folder) for name, folder in datasets.items()}, limit)
    for number, files in enumerate(parts):
        for name, file in files:
            target = data / f"{number:02d}" / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(datasets[name] / file, target)
    shutil.rmtree(made, ignore_errors=True)
    content = [sorted({name for name, _ in files}) for files in parts]
    text = {
        "pools": {pool.name: pool.location for pool in pools},
        "graph": options.graph.name,
        "parts": {f"{number:02d}": names for number, names in enumerate(content)},
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / CONTENT).write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
    for number, names in enumerate(content):
        print(f"{data / f'{number:02d}'}: {megabytes(data / f'{number:02d}'):.1f} MiB, {', '.join(names)}")
    print(f"{wheels}: {megabytes(wheels):.1f} MiB")


def pool_of(text: str) -> Pool:
    """`coco:data/pets/` → the pool `pets` at `coco:data/pets`."""
    location = text.rstrip("/")
    return Pool(Path(location.rpartition(":")[2]).name, location)


def licence_of(text: str) -> tuple[str, str]:
    """`pets=CC-BY-4.0` → ("pets", "CC-BY-4.0")."""
    name, _, licence = text.partition("=")
    return name, licence


def check(pools: Sequence[Pool], options: argparse.Namespace) -> None:
    """Everything that can be wrong with what is asked for, at once."""
    names = [pool.name for pool in pools]
    problems = [
        f"{name} names two pools; each needs a folder of another name"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    problems += [
        f"there is no folder {pool.location.rpartition(':')[2]} (of POOLS)"
        for pool in pools
        if not Path(pool.location.rpartition(":")[2]).is_dir()
    ]
    problems += [
        f"--licence {text}: POOL=TEXT is needed, and the pools are {', '.join(names)}"
        for text in options.licence
        if licence_of(text)[0] not in names or not licence_of(text)[1]
    ]
    if not options.graph.is_file():
        problems.append(f"there is no graph {options.graph}; name one with GRAPH=")
    if not pools:
        problems.append('no pools are named; make gpu-pack POOLS="coco:DIR voc:DIR …"')
    if options.part_mib is not None and options.part_mib < 1:
        problems.append(f"--part-mib {options.part_mib}: at least 1 is needed")
    if problems:
        raise PackError("\n  ".join(problems))


def download(folder: Path) -> None:
    """Get the wheels, in the versions that are tested here, for the other machine's Python."""
    fresh = folder.with_name(folder.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    target = ["--only-binary=:all:", "--no-deps", "--python-version", PYTHON, "--implementation", "cp"]
    target += [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *target]
    command += ["--constraint", str(ROOT / "requirements.lock"), "--dest", str(fresh), *WANTED]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PackError(f"the wheels cannot be downloaded: {done.stderr.strip()[-600:]}")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def room_for_a_part(wheels: Path) -> int:
    """MiB of data that travel beside the working tree and the wheels."""
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tree = sum((ROOT / name).stat().st_size for name in files.stdout.split("\0") if name and (ROOT / name).is_file())
    room = int(TRAVELS - SPARE - tree / MIB - megabytes(wheels))
    if room < 1:
        raise PackError(
            f"the working tree ({tree / MIB:.0f} MiB) and the wheels ({megabytes(wheels):.0f} MiB) leave nothing of the "
            f"{TRAVELS} MiB that travel at once; move large files out of the working tree, or have git ignore them"
        )
    return min(room, LARGEST_PART)


def project_of(graph: Path) -> str:
    """The name of the one project that a graph reads. Raises PackError where it reads several."""
    layers = json.loads(graph.read_text(encoding="utf-8"))
    names = {source.partition("/")[0] for layer in layers if layer["action"] == "data" for source in layer["src"]}
    if len(names) != 1:
        raise PackError(f"{graph} reads the projects {', '.join(sorted(names))}; a graph for this reads one")
    return names.pop()


def run_graph(graph: Path, project: str, pool: Pool, folder: Path, licences: Sequence[str]) -> Path:
    """The finished dataset of a pool."""
    print(f"{pool.name}: running {graph.name} …", flush=True)
    command = [sys.executable, "-m", "pipelines", "run", str(graph), "--project", f"{project}={pool.location}"]
    command += [word for text in licences for word in ("--licence", f"{project}={text}")]
    done = subprocess.run([*command, "--output", str(folder)], capture_output=True, text=True, cwd=ROOT)
    found = [path.parent for path in folder.glob("*/manifest.json")]
    if done.returncode or len(found) != 1:
        raise PackError(f"{pool.location}: the graph failed: {(done.stderr or done.stdout).strip()[-1000:]}")
    return found[0]


def files_of(dataset: Path) -> dict[str, int]:
    """The files of a dataset with their sizes in bytes; those that no part may do without come first."""
    files = {path.name: path.stat().st_size for path in sorted(dataset.iterdir()) if path.is_file()}
    return dict(sorted(files.items(), key=lambda item: item[0].endswith(".tar")))


def dealt(datasets: Mapping[str, Mapping[str, int]], limit: int) -> list[list[tuple[str, str]]]:
    """The files of all datasets, (dataset, file), in parts of at most `limit` bytes, in their order.

    Raises PackError where one file alone is larger.
    """
    parts: list[list[tuple[str, str]]] = []
    room = 0
    for name, files in datasets.items():
        for file, size in files.items():
            if size > limit:
                raise PackError(
                    f"{name}/{file} has {size / MIB:.1f} MiB, a part has room for {limit / MIB:.1f}; allow larger parts "
                    "with --part-mib, or split the pool"
                )
            if size > room or not parts:
                parts.append([])
                room = limit
            parts[-1].append((name, file))
            room -= size
    return parts


def megabytes(folder: Path) -> float:
    """MiB of all files below a folder."""
    return sum(path.stat().st_size for path in below(folder)) / MIB


def below(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
