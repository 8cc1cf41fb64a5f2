"""A run is counted in steps: what other batches, other epochs and another warm-up make of its end."""

import json
from typing import Any

import pytest

from model.training.clock import Clock, changes
from model.training.config import TrainConfig, parse_config


def config(**settings: Any) -> TrainConfig:
    smallest = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 16, "val": 1},
        "epochs": 60,
        "lr": 0.1,
    }
    return parse_config(json.dumps(smallest | settings), "test.json")


BEGUN = Clock.begun(config(), 100)


def gone_on(steps_per_epoch: int = 100, devices: int = 1, **settings: Any) -> tuple[Clock, list[str]]:
    """The clock of a run that begins as `BEGUN` and goes on at step 3,000 with other settings; what is said about it."""
    now = config(**settings)
    clock = BEGUN.gone_on(Clock.begun(now, steps_per_epoch, devices), now.warmup_steps)
    return clock, list(changes(BEGUN, clock, 3000, now))


def test_a_run_begins_with_whole_epochs():
    assert (BEGUN.total_steps, BEGUN.warmup, BEGUN.even, BEGUN.epoch(150)) == (6000, 500, True, 1.5)
    assert Clock.from_dict(json.loads(json.dumps(BEGUN.to_dict()))) == BEGUN


def test_nothing_is_said_where_nothing_changes():
    assert gone_on() == (BEGUN, [])


def test_other_batches_end_at_the_same_step():
    clock, said = gone_on(50, 2)
    assert (clock.total_steps, clock.steps_per_epoch, clock.even) == (6000, 50, False)
    assert said == [
        "Resumed at step 3000 with 16 samples a step on each of 2 devices in place of 16 samples a step: an epoch is now "
        "50 steps, not 100; steps and schedule are counted as before."
    ]
    clock, said = gone_on(25, batch_size={"train": 64, "val": 1})
    assert clock.total_steps == 6000
    assert said[0].startswith(
        "Resumed at step 3000 with 64 samples a step in place of 16 samples a step: an epoch is now"
    )
    clock, said = gone_on(10)
    assert clock.total_steps == 6000
    assert said[0].startswith("Resumed at step 3000 with epochs of 10 steps in place of 100;")


def test_more_epochs_move_the_end_and_stretch_the_cosine():
    clock, said = gone_on(epochs=100, schedule="cosine")
    assert clock.total_steps == 10000
    assert said == [
        "The run is longer: 100 epochs in place of 60, so it ends at step 10000 and not at 6000; the cosine is stretched to "
        "the new end, and the learning rate goes on at 0.084 in place of 0.0575."
    ]
    clock, said = gone_on(epochs=40)
    assert clock.total_steps == 4000
    assert said[0].startswith("The run is shorter: 40 epochs in place of 60, so it ends at step 4000 and not at 6000;")
    assert "the learning rate goes on as it was" in said[0]


def test_more_epochs_of_another_length_are_added_at_their_own_length():
    clock, said = gone_on(50, epochs=62, batch_size={"train": 32, "val": 1})
    assert clock.total_steps == 6100
    assert len(said) == 2


@pytest.mark.parametrize(("given", "expected"), [(None, 500), (7, 7)])
def test_the_warmup_is_that_of_the_beginning_unless_the_config_names_another(given: int | None, expected: int):
    short = Clock.begun(config(epochs=1), 20)
    assert short.warmup == 2
    assert short.gone_on(BEGUN, given).warmup == (2 if given is None else expected)
