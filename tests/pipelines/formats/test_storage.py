"""Files that appear whole or not at all, on this machine and elsewhere."""

import os
import threading
import time
import uuid

import fsspec
import pytest

from pipelines.formats import storage


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path) -> str:
    """An empty folder's address on two file systems."""
    if request.param == "local":
        return str(tmp_path)
    location = f"memory://test-{uuid.uuid4().hex}"
    storage.make_folder(location)
    return location


def test_a_file_appears_when_it_is_whole(folder):
    address = storage.join(folder, "a.bin")
    with storage.appearing(address) as file:
        file.write(b"half")
        assert not storage.exists(address)
        file.write(b" and half")
    assert storage.read_bytes(address) == b"half and half"
    assert storage.names(folder) == ["a.bin"]


def write_half(address: str, error: BaseException, how=storage.appearing) -> None:
    """Begin a file, then fail."""
    with how(address) as file:
        file.write(b"half")
        raise error


def test_nothing_is_left_of_a_failure(folder):
    with pytest.raises(RuntimeError, match="stopped"):
        write_half(storage.join(folder, "a.bin"), RuntimeError("stopped"))
    assert storage.names(folder) == []


def test_a_failure_leaves_the_file_before_it_alone(folder):
    address = storage.join(folder, "a.bin")
    storage.write_bytes(address, b"first")
    with pytest.raises(KeyboardInterrupt):
        write_half(address, KeyboardInterrupt())
    assert storage.read_bytes(address) == b"first"


def test_two_attempts_at_once_do_not_mix(folder):
    address = storage.join(folder, "a.bin")
    with storage.appearing(address) as slow:
        slow.write(b"sl")
        with storage.appearing(address) as quick:
            quick.write(b"quick")
        assert storage.read_bytes(address) == b"quick"
        slow.write(b"ow")
    assert storage.read_bytes(address) == b"slow"
    assert storage.names(folder) == ["a.bin"]


def test_parts_of_files(folder):
    address = storage.join(folder, "a.bin")
    storage.write_bytes(address, b"0123456789")
    assert storage.read_bytes(address, at_most=3) == b"012"
    part = storage.byte_range(address, 4, 3)
    assert storage.read_bytes(part) == b"456"
    assert storage.read_bytes(part, at_most=2) == b"45"
    assert storage.read_bytes(part, at_most=20) == b"456"


def test_names_are_sorted_and_a_missing_folder_has_none(folder):
    for name in ("b.txt", "a.txt", "sub/c.txt"):
        if "/" in name:
            storage.make_folder(storage.join(folder, "sub"))
        storage.write_bytes(storage.join(folder, name), b"")
    assert storage.names(folder) == ["a.txt", "b.txt", "sub"]
    assert storage.names(storage.join(folder, "missing")) == []


def test_remove(folder):
    storage.make_folder(storage.join(folder, "sub"))
    storage.write_bytes(storage.join(folder, "sub", "a"), b"")
    storage.remove(storage.join(folder, "sub"))
    storage.remove(storage.join(folder, "never there"))
    assert storage.names(folder) == []


def test_a_missing_file_says_so(folder):
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(storage.join(folder, "missing"))


def test_a_file_that_is_written_in_place_is_deleted_when_that_fails(folder):
    address = storage.join(folder, "a.bin")
    with pytest.raises(RuntimeError, match="stopped"):
        write_half(address, RuntimeError("stopped"), storage.writing)
    assert storage.names(folder) == []
    with storage.writing(address) as file:
        file.write(b"whole")
    assert storage.read_bytes(address) == b"whole"


def test_a_moved_file_takes_the_place_of_another(folder):
    one, other = storage.join(folder, "one"), storage.join(folder, "other [*]?")
    storage.write_bytes(one, b"new")
    storage.write_bytes(other, b"old")
    storage.move(one, other)
    assert storage.names(folder) == ["other [*]?"]
    assert storage.read_bytes(other) == b"new"
    storage.remove(other)
    assert storage.names(folder) == []


def test_sizes_are_those_of_now(folder):
    storage.make_folder(storage.join(folder, "sub"))
    storage.write_bytes(storage.join(folder, "sub", "a"), b"x")
    storage.write_bytes(storage.join(folder, "a"), b"12345")
    assert storage.sizes(folder) == {"a": 5, "sub": 0}
    storage.write_bytes(storage.join(folder, "a"), b"123")
    assert storage.sizes(folder)["a"] == 3
    assert storage.sizes(storage.join(folder, "missing")) == {}


def test_a_file_is_held_until_its_handle_is_closed(tmp_path):
    address = str(tmp_path / "claim")
    handle = storage.hold(address, b"first, and longer")
    assert handle is not None
    with pytest.raises(storage.Held):
        storage.hold(address, b"second")
    assert storage.read_bytes(address) == b"first, and longer"
    os.close(handle)
    again = storage.hold(address, b"second")
    assert again is not None
    assert storage.read_bytes(address) == b"second"
    os.close(again)


def test_a_store_without_locks_holds_nothing():
    address = f"memory://test-{uuid.uuid4().hex}/claim"
    assert storage.hold(address, b"first") is None
    assert storage.hold(address, b"second") is None
    assert storage.read_bytes(address) == b"second"


def test_one_at_a_time_is_in_a_locked_folder(folder):
    inside, most = [], []

    def enter() -> None:
        with storage.locked(folder):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 5
    assert max(most) == 1 or not storage.is_local(folder)


def test_a_bucket_is_never_made(monkeypatch):
    monkeypatch.setattr(storage, "file_system", lambda location: pytest.fail(f"{location} was asked for"))
    for address in ("s3://bukket/out", "gs://bukket/out", "gcs://bukket", "s3a://bukket/a/b"):
        storage.make_folder(address)


def test_addresses():
    assert storage.join("gs://bucket/x/", "a", "b") == "gs://bucket/x/a/b"
    assert storage.is_local("/tmp/x")
    assert storage.is_local("file:///tmp/x")
    assert not storage.is_local("gs://bucket")


def test_memory_is_a_file_system_of_its_own(folder):
    if folder.startswith("memory"):
        storage.write_bytes(storage.join(folder, "a"), b"x")
        assert fsspec.filesystem("memory").cat(storage.join(folder, "a")) == b"x"
