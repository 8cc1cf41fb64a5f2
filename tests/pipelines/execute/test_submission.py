"""Ctrl-C while a job runs: it is cancelled, and said so; or it goes on, and people are told how to cancel it."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pytest

from pipelines.execute import submission
from pipelines.execute.options import read_options
from pipelines.execute.submission import GoesOn, RunFailed, name_job, wait_for


class Result:
    """A job that runs until it is cancelled; waiting for it is interrupted."""

    def __init__(self, refuses: Exception | None = None) -> None:
        self.state = "RUNNING"
        self._refuses = refuses

    def cancel(self) -> None:
        if self._refuses:
            raise self._refuses
        self.state = "CANCELLED"

    def wait_until_finish(self) -> None:
        raise KeyboardInterrupt


class Pipeline(beam.Pipeline):
    def __init__(self, result: Any) -> None:
        super().__init__()
        self._given = result

    def run(self, test_runner_api: Any = "AUTO") -> Any:
        if isinstance(self._given, BaseException):
            raise self._given
        return self._given


class Cluster(http.server.ThreadingHTTPServer):
    """The two calls of Flink's REST interface that are needed, and the jobs it has by number."""

    def __init__(self, obeys: bool) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.obeys = obeys
        self.jobs = {
            "1": {"jid": "1", "name": "mine", "state": "RUNNING"},
            "2": {"jid": "2", "name": "another", "state": "RUNNING"},
            "3": {"jid": "3", "name": "mine", "state": "FINISHED"},
        }


class Calls(http.server.BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        assert self.path == "/jobs/overview"
        self._answer({"jobs": list(self.server.jobs.values())})

    def do_PATCH(self) -> None:
        number = self.path.removeprefix("/jobs/").removesuffix("?mode=cancel")
        if self.server.obeys:
            self.server.jobs[number]["state"] = "CANCELED"
        self._answer({})

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: Any) -> None:
        return


@pytest.fixture(params=[True, False], ids=["obeys", "does not obey"])
def cluster(request) -> Iterator[Cluster]:
    with Cluster(request.param) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def flink(master: str):
    return read_options(["--runner=FlinkRunner", f"--flink_master={master}", "--job_name=mine"], ())


def test_a_job_on_flink_is_cancelled_by_its_name(cluster, capsys, monkeypatch):
    monkeypatch.setattr(submission, "_PATIENCE", 2.0)
    address = f"127.0.0.1:{cluster.server_port}"
    with pytest.raises(KeyboardInterrupt) as raised:
        wait_for(Pipeline(Result(ValueError("channel closed"))), flink(address))
    states = {number: job["state"] for number, job in cluster.jobs.items()}
    assert states == {"1": "CANCELED" if cluster.obeys else "RUNNING", "2": "RUNNING", "3": "FINISHED"}
    said = capsys.readouterr().err
    assert isinstance(raised.value, GoesOn) is not cluster.obeys
    if cluster.obeys:
        assert said == "the job mine is cancelled\n"
    else:
        assert "the job mine goes on without this process and may finish the dataset" in said
        assert "it could not be cancelled (it has not ended 2 s after it was told to)" in said
        assert f"Cancel it on Flink's page at http://{address}, or with `flink cancel`" in said
        assert "or start another run into the same place, which takes it over" in said


def test_a_cluster_that_does_not_answer_is_said(capsys):
    with pytest.raises(GoesOn):
        wait_for(Pipeline(Result()), flink("http://127.0.0.1:1/"))
    assert "it could not be cancelled (<urlopen error [Errno 111] Connection refused>)" in capsys.readouterr().err


def test_other_runners_are_told_to_cancel(capsys):
    result = Result()
    with pytest.raises(KeyboardInterrupt) as raised:
        wait_for(Pipeline(result), read_options(["--runner=SparkRunner"], ()))
    assert not isinstance(raised.value, GoesOn)
    assert result.state == "CANCELLED"
    assert capsys.readouterr().err == "the job of this run is cancelled\n"


def test_a_job_that_ends_with_this_process_needs_no_word(capsys):
    options = read_options(["--runner=FlinkRunner", "--flink_master=[local]"], ())
    with pytest.raises(KeyboardInterrupt) as raised:
        wait_for(Pipeline(Result(ValueError("channel closed"))), options)
    assert not isinstance(raised.value, GoesOn)
    assert capsys.readouterr().err == ""


def test_a_runner_that_cannot_cancel_goes_on(capsys):
    with pytest.raises(GoesOn):
        wait_for(Pipeline(Result(NotImplementedError())), read_options(["--runner=SparkRunner"], ()))
    said = capsys.readouterr().err
    assert "could not be cancelled (NotImplementedError). Cancel it with the tools of SparkRunner" in said


def test_what_a_worker_said_is_all_that_is_said():
    text = "RuntimeError: job failed: Traceback ...\nx.CannotGoOn: first\n\nx.CannotGoOn: the words [while running 'a/b']\n"
    with pytest.raises(RunFailed, match=r"^the run failed: the words$"):
        wait_for(Pipeline(RuntimeError(text)), read_options([], ()))
    with pytest.raises(RuntimeError, match="no worker said"):
        wait_for(Pipeline(RuntimeError("no worker said anything")), read_options([], ()))


def test_only_jobs_for_a_cluster_get_a_name():
    from apache_beam.options.pipeline_options import GoogleCloudOptions

    def named(*given: str) -> str | None:
        options = read_options(list(given), ())
        name_job(options, "ours")
        return options.view_as(GoogleCloudOptions).job_name

    assert named("--runner=FlinkRunner", "--flink_master=host:8081") == "ours"
    assert named("--runner=FlinkRunner", "--flink_master=host:8081", "--job_name=theirs") == "theirs"
    assert named("--runner=FlinkRunner", "--flink_master=[local]") is None
    assert named() is None
