"""HTTP routes beside the page: thumbnails by integer id."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.services import images

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


ROUTES = [Route("/thumb/{dataset}/{key}/{split}/{row:int}", thumbnail, methods=["GET"])]
