"""The same bytes on Flink, in the job server's own JVM with workers in this process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.pipelines.execute.test_on_beam import PASCAL
from tests.support import shared, tree, write_tiny_voc


def job_server() -> Path:
    """Beam's Flink job server: the file that FLINK_JOB_SERVER_JAR names, or the one that the shared references unpack."""
    named = os.environ.get("FLINK_JOB_SERVER_JAR")
    if named:
        return Path(named)
    unpack = subprocess.run(
        [sys.executable, shared("flink/jar.py")], capture_output=True, text=True, check=True, timeout=300
    )
    return Path(unpack.stdout.strip())


@pytest.mark.e2e
def test_flink_gives_the_same_files(tmp_path):
    jar = job_server()
    if shutil.which("java") is None:
        pytest.skip("there is no java")
    assert jar.is_file(), f"{jar} is no Flink job server"
    projects = bind([f"PascalVOC={write_tiny_voc(tmp_path / 'voc', 4)}"])
    beam_run(PASCAL, projects, tmp_path / "local")
    options = [
        *("--runner=FlinkRunner", "--flink_master=[local]", f"--flink_job_server_jar={jar}"),
        *("--environment_type=LOOPBACK", "--parallelism=2"),
    ]
    dataset = beam_run(PASCAL, projects, tmp_path / "flink", options)
    assert len(dataset) > 0
    assert tree(tmp_path / "flink") == tree(tmp_path / "local")
