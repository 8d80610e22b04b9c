"""One adapter per index. FAISS is loaded when an index is built, not at import."""

from models.index.adc_flat import AdcFlat
from models.index.base import Index, SearchResult
from models.index.binary_flat import BinaryFlat
from models.types import BinaryCodes, Codes

__all__ = ["AdcFlat", "BinaryFlat", "Index", "SearchResult", "open_index"]


def open_index(codes: Codes) -> Index:
    """The exhaustive index for this kind of codes.

    Raises:
        DataError: the database is empty.
    """
    return BinaryFlat(codes) if isinstance(codes, BinaryCodes) else AdcFlat(codes)
