"""The one door from app to library: cached calls in, plain data out. Draws nothing."""

from models.errors import HashingError, NotAvailableError

__all__ = ["HashingError", "NotAvailableError"]
