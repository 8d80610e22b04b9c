"""The one door to pymilvus: how it is reached, and its errors as ours."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models.errors import ConfigError, NotAvailableError

# The versions of requirements-dev.txt; milvus-lite 3 refuses binary vectors.
INSTALL = 'pip install "pymilvus==2.6.17" "milvus-lite==2.5.1" "setuptools==80.10.2"'


def check_address(uri: str) -> None:
    """Raise ConfigError unless this is a .db file or the address of a cluster."""
    if not uri.startswith(("http://", "https://", "tcp://", "unix:")) and not uri.endswith(".db"):
        raise ConfigError(
            f"uri={uri!r} is neither a file that ends in .db nor the http:// address of a cluster."
        )


def connect(uri: str) -> Any:
    """A client of pymilvus.

    Raises:
        NotAvailableError: Milvus is not installed, or not reached.
        ConfigError: an address of neither form.
    """
    check_address(uri)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # milvus-lite imports pkg_resources, which says that it is old
            import pymilvus

            # What goes wrong is raised; pymilvus writes it to stderr as well.
            logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
            with milvus_errors(uri):
                return pymilvus.MilvusClient(uri, token=os.environ.get("MILVUS_TOKEN", ""))
    except ImportError as error:
        raise NotAvailableError(f"Milvus is not installed here ({error.name}). Run: {INSTALL}") from error


@contextmanager
def milvus_errors(uri: str) -> Iterator[None]:
    """Errors of pymilvus as NotAvailableError."""
    from pymilvus.exceptions import ConnectionConfigException, MilvusException

    try:
        yield
    except ConnectionConfigException as error:
        message = str(error.message).removesuffix(".")
        if "milvus-lite" in message or "milvus_lite" in message:
            raise NotAvailableError(f"milvus-lite is not installed here. Run: {INSTALL}") from error
        raise NotAvailableError(f"Milvus at {uri} cannot be opened: {message}.") from error
    except MilvusException as error:
        message = str(error.message).removesuffix(".")
        raise NotAvailableError(
            f"Milvus at {uri} answered: {message}. Check the address, the name and MILVUS_TOKEN."
        ) from error
