"""The same bytes on Flink, in the job server's own JVM with workers in this process."""

import shutil

import pytest

from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.pipelines.execute.test_on_beam import PASCAL
from tests.support import shared, tree, write_tiny_voc


@pytest.mark.slow
def test_flink_gives_the_same_files(tmp_path):
    jar = shared("flink/beam-flink-1.19-job-server-2.62.0.jar")
    if shutil.which("java") is None:
        pytest.skip("there is no java")
    projects = bind([f"PascalVOC={write_tiny_voc(tmp_path / 'voc', 4)}"])
    beam_run(PASCAL, projects, tmp_path / "local")
    options = [
        *("--runner=FlinkRunner", "--flink_master=[local]", f"--flink_job_server_jar={jar}"),
        *("--environment_type=LOOPBACK", "--parallelism=2"),
    ]
    dataset = beam_run(PASCAL, projects, tmp_path / "flink", options)
    assert len(dataset) > 0
    assert tree(tmp_path / "flink") == tree(tmp_path / "local")
