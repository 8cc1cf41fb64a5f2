"""What a command costs, together with every process that it starts: CPU time, wall time, peak memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_INTERVAL_S = 0.1
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

# Threads inside numeric libraries would only make the time of one core harder to tell.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class CommandFailed(RuntimeError):
    """A measured command that ended badly."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Costs of a command. Seconds and kB; `workers_cpu_s` is by worker, in the order in which they started."""

    cpu_s: float
    wall_s: float
    launcher_peak_kb: int
    worker_peak_kb: int
    workers_cpu_s: tuple[float, ...]
    text: str


@dataclass(slots=True)
class _Watched:
    cpu_s: float = 0.0
    peak_kb: int = 0


@dataclass
class _Watch:
    """Reads the processes below one of them again and again: a worker that its parent kills leaves no other account."""

    root: int
    seen: dict[int, _Watched] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(_INTERVAL_S):
            for process in _below(self.root):
                _update(self.seen.setdefault(process, _Watched()), process)


def measure(command: Sequence[str], folder: Path) -> Usage:
    """Run a command in a folder. Linux only. Raises `CommandFailed` with the end of its output."""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=os.environ | _ONE_THREAD
        )
        watch = _Watch(process.pid)
        watcher = threading.Thread(target=watch.run)
        watcher.start()
        _, status, own = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop.set()
        watcher.join()
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)} ended with exit code {process.returncode}:\n{text[-2000:]}")
    launcher = watch.seen.pop(process.pid, _Watched())
    workers = [watched for _, watched in sorted(watch.seen.items())]
    # wait4 counts the workers that the launcher waited for, the watch sees all of them but misses their last moment.
    cpu = max(own.ru_utime + own.ru_stime, launcher.cpu_s + sum(worker.cpu_s for worker in workers))
    return Usage(
        cpu,
        wall,
        launcher.peak_kb,
        max((worker.peak_kb for worker in workers), default=0),
        tuple(worker.cpu_s for worker in workers),
        text,
    )


def _below(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found.extend(children.get(process, ()))
    return found


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; nothing when the process is gone."""
    try:
        return (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _update(watched: _Watched, process: int) -> None:
    if fields := _stat(process):
        watched.cpu_s = max(watched.cpu_s, (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND)
    try:
        status = (_PROC / str(process) / "status").read_text()
    except OSError:
        return
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            watched.peak_kb = max(watched.peak_kb, int(line.split()[1]))
