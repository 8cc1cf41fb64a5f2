"""One shard: its samples in order, each source decoded once, written again with the same bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import geometry, render
from pipelines.execute.writer import Target, write_shard
from pipelines.image import Image, Rect
from pipelines.origin import Origin
from pipelines.sample import Sample
from tests.support import coordinates, jpeg, png, tiny_sample

SIZE = (40, 60)


@pytest.fixture
def target(tmp_path) -> Target:
    return Target(str(tmp_path / "out"), "out", 4, "supervisely out", keeps_names=False)


@pytest.fixture
def samples(tmp_path) -> list[Sample]:
    """Two images; of each the whole, a crop and a mirrored one, under keys of their own."""
    made = []
    for name, encode in (("a.png", png), ("b.jpg", jpeg)):
        (tmp_path / name).write_bytes(encode(coordinates(SIZE)))
        origin = Origin("P", "ds", name)
        sample = replace(
            tiny_sample(name=name), image=Image(str(tmp_path / name), SIZE, SIZE), origin=origin, key=origin.key()
        )
        made.append(sample)
        made.append(geometry.crop(sample, Rect(3, 4, 30, 33)).child("crop", 0))
        made.append(geometry.flip(sample, "vertical").child("flip", 0))
    return made


def files(target: Target) -> dict[str, bytes]:
    """What the run has written so far, without the names of attempts."""
    return {path.stem: path.read_bytes() for path in sorted(Path(target.place.parts).iterdir())}


def members(target: Target, number: int = 1) -> dict[str, bytes]:
    import tarfile

    (written,) = Path(target.place.parts).glob(f"out-{number:05d}-of-*.tar.*")
    with tarfile.open(written) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_the_order_of_arrival_does_not_matter(target, samples):
    shard, failures = write_shard(target, 1, samples)
    first = files(target)
    again, _ = write_shard(target, 1, samples[::-1])
    assert failures == []
    assert shard == again
    assert files(target) == first
    assert sorted(first) == ["index-00001.parquet", "out-00001-of-00004.tar"]


def test_attempts_at_one_shard_do_not_touch_each_other(target, samples):
    first, second = (write_shard(target, 1, samples)[0] for _ in range(2))
    assert first.attempt != second.attempt
    assert len(list(Path(target.place.parts).iterdir())) == 4
    assert not Path(target.folder).exists()


def test_samples_are_sorted_by_source_and_key(target, samples):
    write_shard(target, 1, samples)
    names = [name.split("/")[-1] for name in members(target) if "/img/" in name]
    expected = sorted(samples, key=lambda sample: (str(sample.origin), sample.key))
    assert names == [target.file_name(sample) for sample in expected]


def test_a_shard_knows_itself(target, samples):
    from hashlib import sha256

    shard, _ = write_shard(target, 1, samples)
    data = files(target)["out-00001-of-00004.tar"]
    assert (shard.sha256, shard.bytes, shard.samples) == (sha256(data).hexdigest(), len(data), 6)
    assert shard.record() == {
        "file": "out-00001-of-00004.tar",
        "sha256": shard.sha256,
        "bytes": len(data),
        "samples": 6,
    }


def test_an_unchanged_image_is_copied_byte_for_byte(target, samples):
    write_shard(target, 1, samples)
    found = members(target)
    for sample in samples[0::3]:
        assert found[f"ds/img/{target.file_name(sample)}"] == Path(sample.image.uri).read_bytes()


def test_a_changed_image_is_written_in_the_format_of_its_source(target, samples):
    write_shard(target, 1, samples)
    crop = members(target)[f"ds/img/{target.file_name(samples[1])}"]
    assert np.array_equal(render.decode(crop), coordinates(SIZE)[4:33, 3:30])
    flipped = members(target)[f"ds/img/{target.file_name(samples[5])}"]
    source = render.decode(Path(samples[5].image.uri).read_bytes())
    assert flipped == render.encode(np.ascontiguousarray(source[:, ::-1]), ".jpg")


def test_each_source_is_decoded_once(target, samples, monkeypatch):
    decoded = []
    original = render.decode
    monkeypatch.setattr(render, "decode", lambda *given: decoded.append(1) or original(*given))
    write_shard(target, 1, samples)
    assert len(decoded) == 2


def test_images_that_nothing_changed_are_not_decoded(target, samples, monkeypatch):
    monkeypatch.setattr(render, "decode", lambda *given: pytest.fail("decoded"))
    shard, failures = write_shard(target, 1, samples[0::3])
    assert (shard.samples, failures) == (2, [])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "the image file is cut off after"),
        (
            lambda path: path.write_bytes(png(coordinates((9, 9)))),
            "the image is 9x9 (width x height), its labels are for 60x40",
        ),
        (lambda path: path.unlink(), "does not exist"),
    ],
)
def test_an_image_that_cannot_be_rendered_is_left_out_and_told_once(target, samples, spoil, message):
    spoil(Path(samples[0].image.uri))
    shard, failures = write_shard(target, 1, samples)
    assert shard.samples == 3
    assert [(failure.image, failure.layer) for failure in failures] == [("a.png", "supervisely out")]
    assert message in failures[0].message
    assert not any("/a_" in name for name in members(target))


def test_an_unchanged_image_that_is_cut_off_is_not_copied(target, samples):
    path = Path(samples[0].image.uri)
    path.write_bytes(path.read_bytes()[:-40])
    shard, failures = write_shard(target, 1, samples[:1])
    assert shard.samples == 0
    assert "cut off" in failures[0].message


def test_names_are_the_stem_and_the_key(samples, target):
    sample = samples[1]
    assert target.file_name(sample) == f"a_{sample.key.hex()[:10]}.png"
    keeping = replace(target, keeps_names=True)
    assert keeping.file_name(sample) == "a.png"
    crowded = replace(sample, origin=replace(sample.origin, name_is_free=False))
    assert keeping.file_name(crowded) == f"a_{sample.key.hex()[:10]}.png"


def test_an_image_has_one_shard(target):
    shards = {target.shard_of(Origin("P", "ds", f"{number}.png")) for number in range(100)}
    assert shards == {0, 1, 2, 3}
    assert target.shard_of(Origin("P", "ds", "a.png")) == target.shard_of(
        Origin("P", "ds", "a.png", name_is_free=False)
    )


def test_nothing_is_left_of_a_shard_that_could_not_be_written(target, samples, monkeypatch):
    monkeypatch.setattr("pipelines.execute.tar_shards.annotation_json", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_shard(target, 1, samples)
    assert files(target) == {}
