"""One adapter per index, one table of them. FAISS is loaded when an index is built, not at import."""

from models.index.adc_flat import AdcFlat
from models.index.base import Index, SearchResult
from models.index.binary_flat import BinaryFlat
from models.index.kinds import KINDS, IndexKind, IndexSetting, TextSetting, index_kind, open_index
from models.index.recall import recall_at_k

__all__ = [
    "KINDS",
    "AdcFlat",
    "BinaryFlat",
    "Index",
    "IndexKind",
    "IndexSetting",
    "SearchResult",
    "TextSetting",
    "index_kind",
    "open_index",
    "recall_at_k",
]
