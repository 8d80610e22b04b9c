"""The one place that imports skia; everything else here takes it from this module."""

from __future__ import annotations

from models.errors import NotAvailableError

try:
    import skia
except ImportError as error:
    raise NotAvailableError(
        f"Drawing the demo sets needs skia-python, which did not load ({error}). "
        "Install requirements-dev.txt and, on a bare Debian or Ubuntu, the packages libgl1 and libegl1. "
        "The shipped sample data opens without it."
    ) from error

__all__ = ["skia"]
