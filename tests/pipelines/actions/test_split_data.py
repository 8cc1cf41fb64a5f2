"""`split_data`: images land in datasets by their shares, and all that is made of one image lands in one."""

from collections import Counter, defaultdict

import pytest

from pipelines.actions.split_data import SplitData
from pipelines.origin import Origin
from pipelines.sample import Randomness
from tests.support import chain, run, tiny_sample


def problems(percent: dict) -> list[tuple[tuple, str]]:
    return [(finding.path, finding.message) for finding in SplitData.from_settings({"percent": percent}).problems()]


SPLIT = ("split_data", {"percent": {"train": 70, "val": 20, "test": 10}})
MORE = ("multiply", {"multiply": 4})
IMAGES = [tiny_sample([], name=f"{number}.png") for number in range(60)]


@pytest.mark.parametrize("steps", [(SPLIT, MORE), (MORE, SPLIT)], ids=["split first", "split last"])
def test_all_samples_of_an_image_land_in_one_dataset(steps):
    places = defaultdict(set)
    for sample in run(chain(*steps), IMAGES).samples:
        places[sample.origin.file].add(sample.dataset)
    assert len(places) == 60
    assert {len(datasets) for datasets in places.values()} == {1}
    assert set().union(*places.values()) == {"train", "val", "test"}


def test_the_seed_decides_and_the_order_of_images_does_not():
    def places(images, seed):
        return {sample.origin.file: sample.dataset for sample in run(chain(SPLIT), images, seed).samples}

    assert places(IMAGES, 1) == places(IMAGES[::-1], 1)
    assert places(IMAGES, 1) != places(IMAGES, 2)


def test_shares_are_met():
    action = SplitData.from_settings(SPLIT[1])
    randomness = Randomness(5, "split_data $1")
    counts = Counter(
        next(iter(action.apply(tiny_sample([]), randomness.for_key(Origin("P", "ds", f"{n}.jpg").key())))).dataset
        for n in range(4000)
    )
    # Four standard deviations of a binomial distribution.
    for name, share in SPLIT[1]["percent"].items():
        assert abs(counts[name] / 4000 - share / 100) < 4 * (share / 100 * (1 - share / 100) / 4000) ** 0.5


def test_one_dataset_takes_all():
    samples = run(chain(("split_data", {"percent": {"all": 100}})), IMAGES).samples
    assert {sample.dataset for sample in samples} == {"all"}


def test_shares_add_up_to_a_hundred():
    assert problems({"a": 50, "b": 49}) == [(("percent",), "the shares add up to 99, they must add up to 100")]
    assert problems({}) == [(("percent",), "the shares add up to 0, they must add up to 100")]
    assert problems({"a": 33.4, "b": 33.3, "c": 33.3}) == []


def test_names_are_those_of_datasets():
    ((path, message),) = problems({"a/b": 100})
    assert path == ("percent", "a/b")
    assert message.startswith("found 'a/b', the name of a dataset is 1 to 2048 of the letters")
