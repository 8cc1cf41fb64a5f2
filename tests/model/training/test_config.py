"""The training config: the tutorial's file as it is, defaults, and every mistake named at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.training.config import ConfigError, TrainConfig, parse_config, read_config

CONFIGS = Path("configs/train")
SMALLEST: dict[str, Any] = {
    "input_size": {"width": 64, "height": 32},
    "batch_size": {"train": 2, "val": 1},
    "epochs": 1,
    "lr": 0.1,
}


def parse(**changes: Any) -> TrainConfig:
    return parse_config(json.dumps(SMALLEST | changes), "my.json")


def problems(**changes: Any) -> list[str]:
    """The lines of the error, the head left out."""
    with pytest.raises(ConfigError) as caught:
        parse(**changes)
    head, *lines = str(caught.value).splitlines()
    assert head == f"my.json: {len(lines)} problem{'s' if len(lines) > 1 else ''}"
    return [line.strip() for line in lines]


def test_the_tutorials_config_means_what_it_says():
    config = read_config(CONFIGS / "tutorial.json")
    assert (config.input_size.width, config.batch_size.train, config.data_workers.train) == (256, 16, 3)
    assert (config.epochs, config.val_every, config.lr, config.momentum) == (30, 1, 0.1, 0.9)
    assert (config.lr_decreasing.patience, config.lr_decreasing.lr_divisor) == (10, 5)
    assert (config.loss_weights.main_class, config.loss_weights.points) == (1, 0.5)
    assert config.special_classes.pos == "pos"
    assert config.weights_init_type == "continue_training"
    assert config.gpu_devices == (0, 1, 2, 3)
    assert (config.optimizer, config.schedule, config.gradient_clip) == ("sgd", "plateau", 1.0)
    assert (config.dataset_tags.train, config.dataset_tags.val) == ("train", "val")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.json")), ids=lambda path: path.name)
def test_every_config_here_can_be_read(path: Path):
    assert read_config(path).epochs >= 1


def test_a_config_written_out_reads_back_the_same():
    config = read_config(CONFIGS / "tutorial.json")
    assert parse_config(json.dumps(config.to_dict()), "again") == config


def test_defaults_fill_what_is_left_out():
    config = parse()
    assert config.network == "lite"
    assert config.weights_init_type == "scratch"
    assert config.gpu_devices is None
    assert config.clicks.iterations == 3


def test_the_warmup_is_a_tenth_of_a_short_run():
    assert [parse().warmup(total) for total in (10, 995, 5000, 100000)] == [1, 100, 500, 500]
    assert parse(warmup_steps=7).warmup(10) == 7
    assert parse(warmup_steps=0).warmup(10) == 0


def test_weight_decay_depends_on_the_optimizer():
    assert (parse().decay(), parse(optimizer="adamw").decay(), parse(weight_decay=0).decay()) == (1e-4, 1e-2, 0)


def test_all_problems_are_named_at_once_with_their_place():
    lines = problems(
        input_size={"width": 64.5, "hight": 32},
        batch_size=16,
        epochs="30",
        lr=-1,
        gpu_devices=[0, "1"],
        loss_weights={"main_clas": 1},
        momentun=0.9,
    )
    assert lines == [
        "input_size.width: found 64.5; it should be a valid integer",
        "input_size.height: missing; it has no default",
        "input_size.hight: unknown key (did you mean 'height'?); known here: width, height",
        "batch_size: found 16; an object with the keys train, val is needed",
        'epochs: found "30"; it should be a valid integer',
        "lr: found -1; it should be greater than 0",
        "loss_weights.main_clas: unknown key (did you mean 'main_class'?); known here: main_class, points",
        'gpu_devices[1]: found "1"; it should be a valid integer',
        lines[-1],
    ]
    assert lines[-1].startswith("momentun: unknown key (did you mean 'momentum'?); known here: input_size, batch_size")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"optimizer": "adam"}, "optimizer: found \"adam\"; allowed are 'sgd' or 'adamw' (did you mean 'adamw'?)"),
        ({"lr_decreasing": {"lr_divisor": 1}}, "lr_decreasing.lr_divisor: found 1; it should be greater than 1"),
        ({"special_classes": {"pos": "obj"}}, "special_classes: 'obj' stands for two meanings; each class has one"),
        (
            {"dataset_tags": {"train": "a", "val": "a"}},
            "dataset_tags: train and val are both 'a'; validation needs samples of its own",
        ),
        ({"gpu_devices": [0, 0]}, "gpu_devices: [0, 0] names a device twice"),
        ({"val_every": 0}, "val_every: found 0; it should be greater than 0"),
        ({"val_every": True}, "val_every: found true; it should be a valid number"),
        ({"lr": float("nan")}, "lr: found NaN; it should be a finite number"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(changes: dict[str, Any], expected: str):
    assert problems(**changes) == [expected]


def test_files_that_are_no_config(tmp_path: Path):
    with pytest.raises(
        ConfigError, match=r"nothing.json: cannot be read \(No such file or directory\); give a JSON file"
    ):
        read_config(tmp_path / "nothing.json")
    with pytest.raises(ConfigError, match=r"my.json, line 2, column 3: not JSON"):
        parse_config('{"lr": 1,\n  lr}', "my.json")
    with pytest.raises(ConfigError, match=r"my.json: found \[\]; an object with the keys input_size"):
        parse_config("[]", "my.json")


def test_configs_do_not_change():
    config = parse()
    with pytest.raises(ValueError, match="frozen"):
        config.lr = 1  # type: ignore[misc]
    assert config.with_epochs(9).epochs == 9
    assert config.with_epochs(None) is config


def test_a_single_pixel_has_no_statistics():
    one = {"input_size": {"width": 32, "height": 32}, "batch_size": {"train": 1, "val": 1}}
    assert problems(**one) == [
        "batch_size.train 1 at 32×32: the deepest features of a step are a single pixel, of which batch norm can take no mean; "
        "make the batch or the input larger, or set keep_statistics"
    ]
    assert parse(**one, keep_statistics=True).keep_statistics
    assert parse(**one | {"batch_size": {"train": 2, "val": 1}})
    assert parse(**one | {"input_size": {"width": 33, "height": 32}})
