"""A sample's key is its path, and its random numbers follow from its key alone."""

import pickle
from hashlib import blake2b

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.origin import Origin
from pipelines.sample import Randomness, with_figures
from pipelines.tag import Tag
from tests.support import assert_same, tiny_sample

keys = st.binary(min_size=16, max_size=16)


def fresh(seed: int, layer: str, key: bytes) -> np.random.Generator:
    """The slow twin: a new generator for every sample."""
    digest = blake2b(b"%d\0%s" % (seed, layer.encode()), digest_size=16, key=key).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest, "<u8").astype(np.uint64)))


def draws(generator: np.random.Generator) -> list[float]:
    # Integers below 2**32 come in halves of one draw: a half left over from another sample must not show up.
    return [
        *generator.random(3).tolist(),
        int(generator.integers(0, 7)),
        float(generator.exponential(2.0)),
        int(generator.integers(0, 1000)),
        *generator.normal(size=3).tolist(),
    ]


def test_equal_paths_give_equal_keys():
    one, other = (tiny_sample().child("crop $1", 0).child("flip $2", 3) for _ in range(2))
    assert one.key == other.key


def test_every_part_of_the_path_counts():
    start = tiny_sample()
    paths = [
        start.key,
        start.child("crop $1", 0).key,
        start.child("crop $1", 1).key,
        start.child("crop $2", 0).key,
        start.child("crop $1", 0).child("crop $1", 0).key,
        start.child("1crop $1", 0).key,
        start.child("crop $1", 10).key,
        start.child("0crop $1", 1).key,
    ]
    assert len(set(paths)) == len(paths)
    assert {len(key) for key in paths} == {16}


def test_only_the_key_differs_in_a_child():
    parent = tiny_sample(tags=(Tag("night", "late"),))
    assert_same(parent.child("flip $1", 0), parent, ignore_key=True)


def test_a_start_key_depends_on_names_not_on_places():
    one, other = Origin("P", "train", "a.jpg"), Origin("P", "train", "a.jpg", name_is_free=False)
    assert one.key() == other.key()
    assert one.key() != Origin("P", "val", "a.jpg").key()


def test_names_of_an_origin():
    origin = Origin("P", "train", "night.v2.JPG")
    assert (origin.stem, origin.extension, str(origin)) == ("night.v2", ".JPG", "P/train/night.v2.JPG")


@given(st.integers(0, 2**40), st.text(max_size=12), keys)
def test_the_rewound_generator_equals_a_fresh_one(seed, layer, key):
    assert draws(Randomness(seed, layer).for_key(key)) == draws(fresh(seed, layer, key))


@given(st.lists(keys, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_numbers_do_not_depend_on_who_was_served_before(served, shuffler):
    expected = {key: draws(fresh(7, "crop $1", key)) for key in served}
    order = list(served)
    shuffler.shuffle(order)
    randomness = Randomness(7, "crop $1")
    for key in order:
        generator = randomness.for_key(key)
        assert draws(generator) == expected[key]
        generator.random(shuffler.randrange(5))
        generator.integers(0, 9, dtype=np.uint32)


def test_seed_layer_and_key_each_matter():
    key = bytes(16)
    base = draws(Randomness(1, "crop $1").for_key(key))
    assert draws(Randomness(2, "crop $1").for_key(key)) != base
    assert draws(Randomness(1, "crop $2").for_key(key)) != base
    assert draws(Randomness(1, "crop $1").for_key(b"\1" * 16)) != base


def test_two_layers_do_not_disturb_each_other():
    key = bytes(16)
    alone = draws(Randomness(1, "b").for_key(key))
    first, second = Randomness(1, "a"), Randomness(1, "b")
    mine = second.for_key(key)
    first.for_key(key).random(5)
    assert draws(mine) == alone


def test_numbers_are_spread_evenly_over_samples():
    randomness, sample = Randomness(0, "if $val $train"), tiny_sample()
    hits = sum(randomness.for_key(sample.child("multiply", n).key).random() < 0.05 for n in range(4000))
    assert 150 <= hits <= 250, "about 5 % of 4000"


def test_a_sample_pickles():
    sample = tiny_sample(tags=(Tag("night"),))
    assert_same(pickle.loads(pickle.dumps(sample)), sample)


def test_with_figures_changes_nothing_else():
    sample = tiny_sample()
    assert_same(with_figures(with_figures(sample, ()), sample.figures), sample)
