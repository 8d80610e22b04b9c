"""From a server of our own: told in bytes, cancelled, broken off, wrong; half files are not trusted."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import pickle
import shutil
import socket
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from models.data import load_pool
from models.data.importing import Downloaded, ImportReport, download, downloading, plan_fetch
from models.data.importing.downloading import RemoteFile, download_folder, remote_files
from models.data.importing.known import KNOWN, known_set
from models.data.protocols import fraction_protocol
from models.errors import NotAvailableError, StorageError, UnknownNameError

CarryOut = Callable[..., ImportReport]
Serves = Callable[..., Path]
LARGE = bytes(range(256)) * 4_000  # a megabyte, several chunks


class Server:
    """What it serves by path, what was asked for, and how it behaves."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.breaks_after: int | None = None  # bytes
        self.says_length = True
        self.waits: threading.Event | None = None  # in the middle of a file, until it is set

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        request.send_response(200)
        if self.says_length:
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        half = len(content) if self.waits is None else len(content) // 2
        with contextlib.suppress(OSError):  # the other side may have gone
            request.wfile.write(content[: self.breaks_after or half])
            if self.waits is not None:
                request.wfile.flush()
                self.waits.wait(60)
                request.wfile.write(content[half:])


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.answer(self)

        def log_message(self, *given: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        told = Server(f"http://127.0.0.1:{running.server_address[1]}")
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield told
        if told.waits is not None:
            told.waits.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def serves(server: Server, library: Path, monkeypatch: pytest.MonkeyPatch) -> Serves:
    """Let the server have a file and nothing else of CIFAR-10; returns where it will lie."""

    def put(content: bytes, md5: str | None = None, *mirrors: str) -> Path:
        server.files["/cifar"] = content
        path = download_folder("cifar10") / "cifar.tar.gz"
        addresses = (*mirrors, f"{server.address}/cifar")
        file = RemoteFile(addresses, path, md5 or hashlib.md5(content).hexdigest())
        monkeypatch.setattr(downloading, "remote_files", lambda known, root: (file,))
        return path

    return put


def run(cancel: threading.Event | None = None) -> tuple[list[Downloaded], bool]:
    events, told = download("cifar10", cancel), []
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, bool(end.value)


def files_of(library: Path) -> list[str]:
    return sorted(path.name for path in library.rglob("*") if path.is_file())


def test_bytes_are_told_and_the_file_is_there_once(
    server: Server, serves: Serves, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = serves(LARGE)
    monkeypatch.setattr(downloading, "TELL_EVERY_S", 0.0)
    monkeypatch.setattr(downloading, "SETTLED_S", 0.0)
    told, finished = run()
    assert finished and path.read_bytes() == LARGE
    assert [event.done for event in told] == sorted({event.done for event in told})
    assert len(told) > 3 and told[-1].done == told[-1].total == len(LARGE)
    assert told[-1].eta_s == 0 and told[0].eta_s is not None and told[0].eta_s > 0
    assert files_of(library) == ["cifar.tar.gz"]
    assert run() == ([], True), "nothing is left to do"
    assert server.asked == ["/cifar"]


def test_without_a_length_the_card_says_how_much(server: Server, serves: Serves) -> None:
    serves(LARGE)
    server.says_length = False
    told, finished = run()
    assert finished and told[0].total == known_set("cifar10").download_bytes  # type: ignore[union-attr]


def test_cancelled_nothing_of_the_file_is_kept(server: Server, serves: Serves, library: Path) -> None:
    path = serves(LARGE)
    server.waits, cancel = threading.Event(), threading.Event()
    events = download("cifar10", cancel)
    assert 0 < next(events).done < len(LARGE)
    assert files_of(library) == ["cifar.tar.gz.part"]
    cancel.set()
    server.waits.set()
    with pytest.raises(StopIteration) as end:
        while True:
            next(events)
    assert end.value.value is False
    assert files_of(library) == []
    server.waits = None
    assert run()[1] and path.read_bytes() == LARGE


def test_given_up_by_its_caller_it_cleans_up(server: Server, serves: Serves, library: Path) -> None:
    serves(LARGE)
    server.waits = threading.Event()
    events = download("cifar10")
    next(events)
    events.close()  # as Ctrl-C does on the command line
    assert files_of(library) == []


@pytest.mark.parametrize("name", ["cifar.tar.gz.part", "cifar.tar.gz"])
def test_what_a_killed_attempt_left_is_not_trusted(serves: Serves, library: Path, name: str) -> None:
    path = serves(LARGE)
    path.parent.mkdir(parents=True)
    (path.parent / name).write_bytes(LARGE[:1000])
    assert run()[1] and path.read_bytes() == LARGE
    assert files_of(library) == ["cifar.tar.gz"]


def test_another_file_than_the_published_one_is_refused(serves: Serves, library: Path) -> None:
    serves(b"a page that asks to log in", hashlib.md5(LARGE).hexdigest())
    with pytest.raises(
        NotAvailableError, match=r"not the published file, its MD5 is .* is expected.*Try again"
    ):
        run()
    assert files_of(library) == []


def test_a_connection_that_breaks_is_told(server: Server, serves: Serves, library: Path) -> None:
    path = serves(LARGE)
    server.breaks_after = 300_000
    with pytest.raises(NotAvailableError, match=r"ended after 300,000 of 1,024,000 bytes"):
        run()
    assert files_of(library) == []
    server.breaks_after = None
    assert run()[1] and path.is_file()


def test_a_server_without_the_file(server: Server, serves: Serves) -> None:
    serves(LARGE)
    del server.files["/cifar"]
    with pytest.raises(NotAvailableError, match=r"127\.0\.0\.1.*answers 404 .*fetch cifar10 --from PATH"):
        run()


def test_no_network(server: Server, serves: Serves, library: Path) -> None:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    path = serves(LARGE, None, nobody)
    assert run()[1] and path.is_file(), "the next address has it"
    path.unlink()
    del server.files["/cifar"]
    with pytest.raises(NotAvailableError, match=r"connection refused.*Try again later"):
        run()


def test_a_silent_server_is_given_up(server: Server, serves: Serves, monkeypatch: pytest.MonkeyPatch) -> None:
    serves(LARGE)
    server.waits = threading.Event()
    monkeypatch.setattr(downloading, "SILENCE_S", 0.2)
    with pytest.raises(NotAvailableError, match="connection broke: no answer within 0 seconds"):
        run()


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_too_little_room_is_seen_before(
    serves: Serves, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serves(LARGE)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10**7, 10**7, 500_000))
    with pytest.raises(StorageError, match=r"takes 1 MB, and the disk of .* has 0 MB left.*HASHLENS_LIBRARY"):
        run()
    assert files_of(library) == []


def test_a_disk_that_fills_up_meanwhile(
    serves: Serves, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = serves(LARGE)

    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: Full() if self.suffix == ".part" else real(self, *a, **k)
    )
    with pytest.raises(StorageError, match=r"could not be written into .*: the disk is full.*not kept"):
        run()
    monkeypatch.undo()
    assert not path.exists()


def test_every_set_that_can_be_fetched_has_addresses_and_checksums(tmp_path: Path) -> None:
    for known in KNOWN:
        if known.torchvision:
            files = remote_files(known, tmp_path)
            assert files and all(len(file.md5) == 32 and file.addresses for file in files)
            assert all(address.startswith("http") for file in files for address in file.addresses)
            assert len({file.path for file in files}) == len(files)
    assert len(remote_files(known_set("mnist"), tmp_path)) == 4  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="cifar10"):
        next(download("cifar"))


def archive_of(rng: np.random.Generator, base: str) -> bytes:
    """CIFAR-10 as it is published, with twenty images in each batch."""
    buffer = io.BytesIO()
    names = {f"data_batch_{i}": 20 for i in range(1, 6)} | {"test_batch": 20}
    contents = {
        name: {"data": rng.integers(0, 256, (n, 3072), dtype=np.uint8), "labels": [i % 10 for i in range(n)]}
        for name, n in names.items()
    }
    contents["batches.meta"] = {"label_names": [str(i) for i in range(10)]}
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in contents.items():
            member, data = tarfile.TarInfo(f"{base}/{name}"), pickle.dumps(content)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocols of the published sets need all their images."""
    monkeypatch.setattr(
        "models.data.importing.splitting.protocols_of",
        lambda pool, relevance: (fraction_protocol(pool=pool, relevance=relevance),),
    )


@pytest.mark.usefixtures("few_images")
def test_from_the_download_to_the_pool(
    server: Server, library: Path, carry_out: CarryOut, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """torchvision finds what we downloaded, and what was downloaded goes when the data set is there."""
    from torchvision.datasets import CIFAR10, cifar, utils

    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "nothing"))
    content = archive_of(np.random.default_rng(0), CIFAR10.base_folder)
    server.files["/cifar-10-python.tar.gz"] = content
    monkeypatch.setattr(CIFAR10, "url", f"{server.address}/cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(content).hexdigest())
    # The batches' own checksums are those of the real set.
    monkeypatch.setattr(cifar, "check_integrity", lambda path, md5=None: Path(path).is_file())

    def refuse(*given: Any, **options: Any) -> None:
        raise AssertionError("torchvision must not go to the network")

    monkeypatch.setattr(utils, "_urlretrieve", refuse)
    assert run()[1]
    report = carry_out(plan_fetch("cifar10"))
    assert report.n == 120 and load_pool("cifar10").info.has_images
    assert not download_folder("cifar10").exists()
    assert server.asked == ["/cifar-10-python.tar.gz"]


@pytest.mark.usefixtures("few_images")
def test_gzipped_digits_are_unpacked_whole(
    server: Server, library: Path, carry_out: CarryOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import MNIST

    rng = np.random.default_rng(1)
    resources: list[tuple[str, str]] = []
    for part, n in (("train", 30), ("t10k", 20)):
        pixels, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), (np.arange(n) % 10).astype(np.uint8)
        for name, content in (
            (f"{part}-images-idx3-ubyte.gz", struct.pack(">IIII", 2051, n, 28, 28) + pixels.tobytes()),
            (f"{part}-labels-idx1-ubyte.gz", struct.pack(">II", 2049, n) + labels.tobytes()),
        ):
            packed = gzip.compress(content, mtime=0)
            server.files[f"/{name}"] = packed
            resources.append((name, hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(MNIST, "mirrors", [f"{server.address}/gone/", f"{server.address}/"])
    monkeypatch.setattr(MNIST, "resources", resources)
    seen: list[int] = []
    real = shutil.copyfileobj

    def full_at_first(source: Any, target: Any) -> None:
        if not seen:
            seen.append(target.write(source.read(100)))
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr("shutil.copyfileobj", full_at_first)
    with pytest.raises(StorageError, match="disk is full"):
        list(download("mnist"))
    assert files_of(library) == [], "half of it would be taken for the whole"
    list(download("mnist"))
    assert len(files_of(library)) == 4
    assert carry_out(plan_fetch("mnist")).n == 50
