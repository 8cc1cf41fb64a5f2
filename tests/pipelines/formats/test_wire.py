"""Samples between workers: the same sample comes out, in few bytes."""

import pickle
from dataclasses import replace

import numpy as np
from hypothesis import given

from pipelines import geometry
from pipelines.figures import Bitmap, Figure
from pipelines.formats import wire
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import rects, samples
from tests.support import assert_same, tiny_sample


@given(samples(), rects())
def test_round_trip(sample, rect):
    changed = geometry.resize(geometry.crop(geometry.flip(sample, "vertical"), rect), (40, 40), (30, 40), 0.5)
    for one in (sample, changed.child("crop $1", 4)):
        assert_same(wire.unpack(wire.pack(one)), one)


def test_everything_people_attached_comes_out():
    mask = Bitmap(1, 2, np.ones((3, 3), bool))
    figure = Figure("car", mask, (Tag("rusty"), Tag("doors", "4")), "a wreck", {"nested": {"a": [1, 2.5, None, "ü"]}})
    sample = replace(
        tiny_sample([figure], (Tag("night", "ja"),)),
        description="très",
        extra={"customBigData": {"x": [True]}},
        dataset="other",
    )
    assert_same(wire.unpack(wire.pack(sample)), sample)


@given(samples())
def test_equal_samples_give_equal_bytes(sample):
    assert wire.pack(sample) == wire.pack(wire.unpack(wire.pack(sample)))


def test_a_large_mask_is_small_on_the_way():
    mask = Bitmap(0, 0, np.ones((1000, 1000), bool))
    sample = tiny_sample([Figure("car", mask)], size=(1000, 1000))
    assert len(wire.pack(sample)) < 2000
    assert len(wire.pack(sample)) < len(pickle.dumps(mask.pixels)) / 500
