"""A pipeline handed to its runner and waited for; Ctrl-C cancels the job, or says that it goes on and how to cancel it."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.runner import PipelineResult

from pipelines.errors import UserError
from pipelines.execute.failures import CannotGoOn

_PATIENCE = 30.0
"""Seconds that a cluster may take to cancel a job."""

_ENDED = {"CANCELED", "CANCELLED", "DONE", "DRAINED", "FAILED", "FINISHED", "UPDATED"}


class RunFailed(UserError):
    """A run that started and could not go on."""

    status = 1


class GoesOn(KeyboardInterrupt):
    """Ctrl-C has ended this process, but not the job."""


def name_job(options: PipelineOptions, name: str) -> None:
    """Call a job on a Flink cluster so, unless it is named already: by its name it can be found and cancelled."""
    cloud = options.view_as(GoogleCloudOptions)
    if _flink(options) and not cloud.job_name:
        cloud.job_name = name


def wait_for(pipeline: beam.Pipeline, options: PipelineOptions) -> None:
    """Run a pipeline to its end. Raises `RunFailed` with what a worker said, or the runner's own error where none did.

    Ctrl-C leaves nothing running where the job can be cancelled; else `GoesOn` is raised.
    """
    result = None
    threading.excepthook = _quiet
    try:
        # Runners of this machine work inside `run`, and Ctrl-C ends them.
        result = pipeline.run()
        _wait(result)
    except Exception as error:
        if words := CannotGoOn.words_in(error):
            raise RunFailed(f"the run failed: {words}") from error
        raise
    except KeyboardInterrupt:
        if result is not None and not _ends_with_this_process(options):
            _stop(result, options)
        raise
    finally:
        threading.excepthook = threading.__excepthook__


def _quiet(thrown: threading.ExceptHookArgs) -> None:
    """Beam's thread for messages breaks off with twenty lines when the job's server ends; what they mean is said elsewhere."""
    if not (thrown.thread and thrown.thread.name.startswith("wait_until_finish")):
        threading.__excepthook__(thrown)


def _wait(result: PipelineResult) -> None:
    """Wait in a thread: an interrupted `wait_until_finish` hangs up on the job's server, which cannot be told anything then."""
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            result.wait_until_finish()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=wait, name="wait for the job", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.5)
    if raised:
        raise raised[0]


def _stop(result: PipelineResult, options: PipelineOptions) -> None:
    """Cancel a job and say so. Raises `GoesOn` where that cannot be done, having said how people can."""
    name = options.view_as(GoogleCloudOptions).job_name or "of this run"
    runner = options.view_as(StandardOptions).runner
    flink = _flink(options)
    try:
        ended = _cancel_on_flink(flink, name) if flink else _cancel(result)
        problem = "" if ended else f"it has not ended {_PATIENCE:.0f} s after it was told to"
    except Exception as error:
        ended, problem = False, str(error) or type(error).__name__
    if ended:
        print(f"the job {name} is cancelled", file=sys.stderr)
        return
    where = f"on Flink's page at {flink}, or with `flink cancel`" if flink else f"with the tools of {runner}"
    print(
        f"the job {name} goes on without this process and may finish the dataset: it could not be cancelled ({problem}). "
        f"Cancel it {where}, or start another run into the same place, which takes it over",
        file=sys.stderr,
    )
    raise GoesOn


def _cancel(result: PipelineResult) -> bool:
    if result.state in _ENDED:
        return True
    result.cancel()
    return True


def _flink(options: PipelineOptions) -> str:
    """The address of the Flink cluster that a job is sent to, if it is sent to one."""
    master = options.view_as(FlinkRunnerOptions).flink_master
    if options.view_as(StandardOptions).runner != "FlinkRunner" or not master or master.startswith("["):
        return ""
    return master.rstrip("/") if "://" in master else f"http://{master.rstrip('/')}"


def _ends_with_this_process(options: PipelineOptions) -> bool:
    """A job in the job server's own JVM ends with it, and the JVM with this process."""
    return options.view_as(StandardOptions).runner == "FlinkRunner" and not _flink(options)


def _cancel_on_flink(master: str, name: str) -> bool:
    """Ask the cluster itself: Beam's job server gets the same Ctrl-C as this process, and leaves the job alone when it ends."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        running = [job["jid"] for job in _rest(f"{master}/jobs/overview")["jobs"] if _is_running(job, name)]
        if not running:
            return True
        for job in running:
            _rest(f"{master}/jobs/{job}?mode=cancel", "PATCH")
        time.sleep(1)
    return False


def _is_running(job: dict[str, Any], name: str) -> bool:
    return job["name"] == name and job["state"] not in _ENDED


def _rest(address: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=_PATIENCE) as answer:
        return json.loads(answer.read() or b"{}")
