"""Thumbnails by id: what is served, for how long, and what is not."""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path

import pytest
from starlette.applications import Starlette
from streamlit.web.server.app_discovery import discover_asgi_app

from app import routes
from app.latency import without_delay
from app.services import catalog, images

MAIN = Path(__file__).parents[2] / "app/main.py"


def answer(path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for a path, through the routes alone."""
    app = Starlette(routes=routes.ROUTES)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "headers": [],
        "query_string": b"",
    }
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}  # type: ignore[attr-defined]
    return int(str(sent[0]["status"])), headers, bytes(sent[1]["body"])  # type: ignore[call-overload]


@pytest.mark.parametrize("split", ["query", "database"])
def test_an_image_is_served_for_ever(stored: Path, split: str) -> None:
    status, headers, body = answer("/" + images.thumb_url("digits", split, 3))  # type: ignore[arg-type]
    assert status == 200
    assert headers["content-type"] == "image/png"
    assert "immutable" in headers["cache-control"]
    assert body == catalog.open_dataset("digits").image_bytes(split, 3)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/thumb/digits/{key}/database/1397",
        "/thumb/digits/{key}/database/-1",
        "/thumb/digits/{key}/database/1e3",
        "/thumb/digits/{key}/database/99999999999999999999",
        "/thumb/digits/{key}/train/0",
        "/thumb/digits/{key}/../0",
        "/thumb/digits/0000/database/0",
        "/thumb/toyworld/{key}/database/0",
        "/thumb/../{key}/database/0",
        "/thumb/%2e%2e/{key}/database/0",
        "/thumb/digits/{key}/database/0/../../../../etc/passwd",
    ],
)
def test_anything_else_is_not_found(stored: Path, path: str) -> None:
    key = catalog.open_dataset("digits").content_key
    status, headers, body = answer(path.format(key=key))
    assert status == 404
    assert "immutable" not in headers.get("cache-control", "")
    assert b"Traceback" not in body


def test_streamlit_finds_the_server_in_main() -> None:
    found = discover_asgi_app(MAIN)
    assert found.is_asgi_app
    assert found.import_string == "main:app"


def test_the_listening_socket_answers_at_once() -> None:
    with socket.socket(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        async def start() -> None:
            async with without_delay(None):
                pass

        asyncio.run(start())
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    gc.collect()
