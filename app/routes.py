"""HTTP routes beside the page: thumbnails by id, static parts of maps, scripts of large components."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.components import frontend
from app.services import images, maps

# The address holds a key made from the files' content, so what it names never changes.
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def thumbnail(request: Request) -> Response:
    """Bytes of one stored image; 404 for whatever is not an image of a known data set."""
    path = request.path_params
    found = images.find(path["dataset"], path["key"], path["split"], path["row"])
    if found is None:
        return Response(status_code=404)
    body, mime = found
    return Response(body, media_type=mime, headers=IMMUTABLE)


def code_map(request: Request) -> Response:
    """Positions, sizes and labels of a run's map; 404 for whatever is not one."""
    path = request.path_params
    found = maps.find(path["dataset"], path["method"], path["n_bits"], path["key"])
    if found is None:
        return Response(status_code=404)
    return Response(found, media_type="application/octet-stream", headers=IMMUTABLE)


def part(request: Request) -> Response:
    """Script of a component that the browser fetches once."""
    found = frontend.module(request.path_params["key"])
    if found is None:
        return Response(status_code=404)
    return Response(found, media_type="text/javascript", headers=IMMUTABLE)


ROUTES = [
    Route("/thumb/{dataset}/{key}/{split}/{row:int}", thumbnail, methods=["GET"]),
    Route("/codemap/{dataset}/{method}/{n_bits:int}/{key}", code_map, methods=["GET"]),
    Route("/part/{key}.js", part, methods=["GET"]),
]
