"""What the machine is."""

import importlib.metadata
import os
import platform
import shutil
import subprocess

from gpu_parts import Task, part

LIBRARIES = (
    "torch",
    "pytorch-lightning",
    "numpy",
    "pyarrow",
    "pydantic",
    "shapely",
    "opencv-python-headless",
    "zstandard",
)


@part("machine", 60, "what the machine is: GPU, driver, cores, memory, versions")
def machine(task: Task) -> None:
    task.note(
        python=platform.python_version(),
        system=platform.platform(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        disk_free_gib=round(shutil.disk_usage(task.settings.out).free / 2**30, 1),
        versions={name: version_of(name) for name in LIBRARIES},
    )
    if shutil.which("nvidia-smi"):
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv"],
            capture_output=True,
            text=True,
        )
        task.note(nvidia_smi=done.stdout.splitlines())
    import torch

    task.note(cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version(), gpus=torch.cuda.device_count())
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        task.note(
            gpu=torch.cuda.get_device_name(), gpu_free_gib=round(free / 2**30, 1), gpu_gib=round(total / 2**30, 1)
        )


def version_of(name: str) -> str | None:
    """Of an installed package; None where it is not."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
