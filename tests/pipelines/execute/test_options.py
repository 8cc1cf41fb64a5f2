"""Beam's options: known ones pass, misspelt ones are named."""

import re

import pytest
from apache_beam.options.pipeline_options import DirectOptions, SetupOptions, StandardOptions

from pipelines.execute.options import BadOption, read_options, runs_here

OWN = ("--project", "--output", "--seed")


@pytest.mark.parametrize("arguments", [[], ["--runner=DirectRunner"], ["--runner", "DirectRunner"]])
def test_a_local_run_needs_nothing(arguments):
    options = read_options(arguments, OWN)
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert options.view_as(DirectOptions).direct_num_workers == 1
    assert runs_here(options)


def test_options_of_beam_pass():
    options = read_options(["--runner=FlinkRunner", "--flink_master=host:8081", "--direct_num_workers=4"], OWN)
    assert options.view_as(StandardOptions).runner == "FlinkRunner"
    assert options.view_as(DirectOptions).direct_num_workers == 4
    assert options.get_all_options()["flink_master"] == "host:8081"
    assert not runs_here(options)


def test_workers_of_this_machine_count_on_any_runner():
    assert runs_here(read_options(["--runner=FlinkRunner", "--environment_type=LOOPBACK"], OWN))
    assert not runs_here(read_options(["--runner=FlinkRunner", "--environment_type=EXTERNAL"], OWN))


@pytest.mark.parametrize(
    ("arguments", "name", "hint"),
    [
        (["--direct_num_worker=4"], "--direct_num_worker", "--direct_num_workers"),
        (["--sed", "5"], "--sed", "--seed"),
        (["--direct_running_mod=multi_processing"], "--direct_running_mod", "--direct_running_mode"),
    ],
)
def test_misspelt_options_are_refused_with_the_nearest(arguments, name, hint):
    message = (
        f"there is no option {name} (did you mean {hint!r}?); see --help, and Beam's documentation for Beam's options"
    )
    with pytest.raises(BadOption, match=f"^{re.escape(message)}$"):
        read_options(arguments, OWN)


def test_an_option_like_nothing():
    with pytest.raises(BadOption, match="there is no option --zzzz; see --help"):
        read_options(["--zzzz"], OWN)


def test_the_main_module_is_not_shipped():
    assert not read_options([], OWN).view_as(SetupOptions).save_main_session


def test_a_misspelt_runner_is_refused():
    with pytest.raises(
        BadOption, match="there is no runner 'FlinkRuner' \\(did you mean 'FlinkRunner'\\?\\); Beam knows"
    ):
        read_options(["--runner=FlinkRuner"], [])
