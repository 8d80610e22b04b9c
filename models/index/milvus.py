"""Binary codes in Milvus, for databases that outgrow one machine: the same answers from another place.

The collection lives in a file of milvus-lite (an address that ends in .db) or on a Milvus cluster (an address
with http:// or https://; a token or user:password is taken from the environment variable MILVUS_TOKEN). Its
index compares every code (BIN_FLAT, HAMMING), so that a search is exhaustive.

    id        INT64, row of the database (primary key)
    code      BINARY_VECTOR, the packed code with its padding
    labels    ARRAY of INT64, class ids
    name      VARCHAR, the item's own id as text
    filename  VARCHAR

The collection's description holds the sizes and a fingerprint of all of it. A build that was interrupted goes
on where it stopped, and every build ends by reading everything back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from models.codes.exchange import CodeFile
from models.codes.hamming import check_equal_length
from models.errors import ConfigError, DataError, NotAvailableError
from models.index.base import SearchResult, check_database, check_search
from models.index.milvus_client import connect, milvus_errors
from models.index.milvus_items import FORMAT, MAX_LABELS, MAX_TEXT_BYTES, Items, known_names, plain_record
from models.types import BinaryCodes, Int64, Queries

# Milvus answers at most so many items a query; all of them are needed where a tie is long.
MAX_ITEMS = 16384
QUERIES_AT_ONCE, HITS_AT_ONCE, ROWS_AT_ONCE = 64, 65536, 5000
# With labels, milvus-lite takes a time that grows with the square of this.
RECORDS_AT_ONCE = 500

Progress = Callable[[int, int], None]


class MilvusIndex:
    """A collection of binary codes in Milvus."""

    def __init__(
        self,
        codes: BinaryCodes,
        *,
        uri: str = "milvus.db",
        collection: str = "hashlens",
        batch_size: int = 1000,
        file: CodeFile | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Put codes, and what is known of the items, into a collection; go on where a build was broken off.

        Args:
            codes: the database.
            uri: a file that ends in .db, or the address of a cluster.
            collection: its name there; letters, digits and underscores.
            batch_size: items sent at once.
            file: the code file that the codes come from, for labels, ids and file names.
            progress: told items stored and items in all.

        Raises:
            DataError: the database is empty; the collection holds something else; a text or a list of labels
                is too long for it; or what comes back differs from what was sent.
            NotAvailableError: Milvus is not installed, or not reached.
        """
        check_database(len(codes))
        items = Items(codes, file)
        self._connect(uri, collection)
        with milvus_errors(uri):
            if not self._client.has_collection(collection):
                self._create(items)
            if self._described() != items.card:
                raise DataError(
                    f"The collection {collection!r} at {uri} holds something else. Choose another name for "
                    "the collection, or remove that one first (`index drop`)."
                )
            self._client.load_collection(collection)  # a cluster answers from memory only
            stored = self._stored_rows()
            missing = np.setdiff1d(np.arange(len(codes)), stored)
            for begin in range(0, len(missing), batch_size):
                if progress is not None:
                    progress(len(codes) - len(missing) + begin, len(codes))
                batch = missing[begin : begin + batch_size]
                self._client.upsert(collection, [items.record(row) for row in batch.tolist()])
            if progress is not None:
                progress(len(codes), len(codes))
            self._client.flush(collection)
            self._compare(items)
        self._card = items.card

    def _connect(self, uri: str, collection: str) -> None:
        self.uri, self.collection = uri, collection
        self._client: Any = connect(uri)

    @property
    def n_database(self) -> int:
        """Number of items."""
        return int(self._card["n_database"])

    @property
    def n_bits(self) -> int:
        """Code length."""
        return int(self._card["n_bits"])

    def search(self, queries: Queries, k: int) -> SearchResult:
        """The k nearest items of each query, by distance and then id; see `Index.search`.

        Milvus cuts a tie anywhere, so more than k are asked for until the tie at the cut is complete. One
        that goes beyond 16,384 items stays incomplete: `ties` is then "at least".

        Raises:
            ConfigError: k is above 16,384.
            NotAvailableError: Milvus is not reached any more.
        """
        if not isinstance(queries, BinaryCodes):
            raise DataError(
                "This database holds binary codes; the queries are real vectors. Give binary codes."
            )
        check_equal_length(queries, _no_codes(self.n_bits))
        k = check_search(queries, k, self.n_database)
        highest = min(MAX_ITEMS, self.n_database)
        if k > highest:
            raise ConfigError(
                f"k={k}, but Milvus answers at most {MAX_ITEMS} items a query. Choose a smaller k."
            )
        distances = np.empty((len(queries), k), dtype=np.int32)
        ids = np.empty((len(queries), k), dtype=np.int64)
        beyond = np.empty(len(queries), dtype=np.int64)
        complete = True
        pending, limit = list(range(len(queries))), min(k + 1, highest)
        while pending:
            undecided = []
            for row, near, items in self._nearest(queries, pending, limit):
                cut = near[k - 1]
                if near[-1] == cut and limit < highest:
                    undecided.append(row)
                    continue
                complete &= near[-1] > cut or limit == self.n_database
                order = np.lexsort((items, near))
                distances[row], ids[row] = near[order][:k], items[order][:k]
                beyond[row] = (near == cut).sum() - (distances[row] == cut).sum()
            pending, limit = undecided, min(4 * limit, highest)
        return SearchResult(distances, ids, lambda: beyond, ties="exact" if complete else "at least")

    def names(self, rows: Int64) -> list[dict[str, Any]]:
        """What is known of some items: `row`, and `id` and `filename` where there are any."""
        if len(rows) == 0:
            return []
        wanted = ", ".join(str(row) for row in sorted(set(rows.tolist())))
        with milvus_errors(self.uri):
            records = self._client.query(
                self.collection, filter=f"id in [{wanted}]", output_fields=["id", "name", "filename"]
            )
        known = {record["id"]: record for record in records}
        return [known_names(known[row], self._card["ids"], self._card["filenames"]) for row in rows.tolist()]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _nearest(
        self, queries: BinaryCodes, rows: list[int], limit: int
    ) -> Iterator[tuple[int, npt.NDArray[np.int32], Int64]]:
        """Some queries with the distances and ids of their `limit` nearest items."""
        at_once = max(1, min(QUERIES_AT_ONCE, HITS_AT_ONCE // limit))
        for begin in range(0, len(rows), at_once):
            chunk = rows[begin : begin + at_once]
            with milvus_errors(self.uri):
                answers = self._client.search(
                    self.collection,
                    data=[queries.packed[row].tobytes() for row in chunk],
                    anns_field="code",
                    limit=limit,
                    search_params={"metric_type": "HAMMING"},
                    consistency_level="Strong",
                )
            for row, hits in zip(chunk, answers, strict=True):
                if len(hits) != limit:
                    raise DataError(
                        f"Milvus answered {len(hits)} of {limit} items: the collection {self.collection!r} "
                        "was changed since it was opened. Open it again."
                    )
                yield (
                    row,
                    np.array([hit["distance"] for hit in hits], dtype=np.int32),
                    np.array([hit["id"] for hit in hits], dtype=np.int64),
                )

    def _create(self, items: Items) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(
            auto_id=False, enable_dynamic_field=False, description=json.dumps(items.card)
        )
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("code", DataType.BINARY_VECTOR, dim=items.codes.packed.shape[1] * 8)
        schema.add_field("labels", DataType.ARRAY, element_type=DataType.INT64, max_capacity=MAX_LABELS)
        for name in ("name", "filename"):
            schema.add_field(name, DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
        index = self._client.prepare_index_params()
        index.add_index("code", index_type="BIN_FLAT", metric_type="HAMMING")
        self._client.create_collection(
            self.collection, schema=schema, index_params=index, consistency_level="Strong"
        )

    def _described(self) -> dict[str, Any]:
        """The card in the description; empty where somebody else made the collection."""
        try:
            card = json.loads(self._client.describe_collection(self.collection)["description"])
        except ValueError:
            return {}
        return card if isinstance(card, dict) and card.get("format") == FORMAT else {}

    def _count(self) -> int:
        answer = self._client.query(self.collection, output_fields=["count(*)"], consistency_level="Strong")
        return int(answer[0]["count(*)"])

    def _records(self, begin: int, end: int, fields: list[str]) -> list[Any]:
        found: list[Any] = self._client.query(
            self.collection,
            filter=f"id >= {begin} and id < {end}",
            output_fields=fields,
            limit=end - begin,
            consistency_level="Strong",
        )
        return found

    def _stored_rows(self) -> Int64:
        """Rows that are there already."""
        if self._count() == 0:
            return np.empty(0, dtype=np.int64)
        n = int(self._described()["n_database"])
        rows = [
            record["id"]
            for begin in range(0, n, ROWS_AT_ONCE)
            for record in self._records(begin, begin + ROWS_AT_ONCE, ["id"])
        ]
        return np.array(rows, dtype=np.int64)

    def _compare(self, items: Items) -> None:
        """Raise DataError unless the collection holds exactly these items."""
        n = len(items.codes)
        if (count := self._count()) != n:
            raise DataError(
                f"{count} items came back where {n} were sent. Remove the collection and build again."
            )
        for begin in range(0, n, RECORDS_AT_ONCE):
            fields = ["id", "code", "labels", "name", "filename"]
            found = {r["id"]: r for r in self._records(begin, begin + RECORDS_AT_ONCE, fields)}
            for row in range(begin, min(begin + RECORDS_AT_ONCE, n)):
                if row not in found or plain_record(found[row]) != items.record(row):
                    raise DataError(
                        f"Item {row} came back from Milvus other than it was sent. Remove the collection "
                        "and build again."
                    )


def open_collection(uri: str, collection: str) -> MilvusIndex:
    """A collection that was built earlier.

    Raises:
        NotAvailableError: Milvus is not installed or not reached, or there is no such collection.
        DataError: the collection is of another program, or its build was broken off.
    """
    index = MilvusIndex.__new__(MilvusIndex)
    index._connect(uri, collection)
    with milvus_errors(uri):
        if not index._client.has_collection(collection):
            raise NotAvailableError(f"There is no collection {collection!r} at {uri}. Build the index first.")
        index._card = index._described()
        if not index._card:
            raise DataError(f"The collection {collection!r} at {uri} was not made by this program.")
        index._client.load_collection(collection)
        if (count := index._count()) != index.n_database:
            raise DataError(
                f"The collection {collection!r} holds {count} of {index.n_database} items: its build was "
                "broken off. Run the same build again; it goes on where it stopped."
            )
    return index


def drop_collection(uri: str, collection: str) -> None:
    """Remove a collection made by this program, with everything in it.

    Raises:
        NotAvailableError: Milvus is not installed or not reached, or there is no such collection.
        DataError: the collection is of another program.
    """
    index = MilvusIndex.__new__(MilvusIndex)
    index._connect(uri, collection)
    with milvus_errors(uri):
        if not index._client.has_collection(collection):
            raise NotAvailableError(f"There is no collection {collection!r} at {uri}.")
        if not index._described():
            raise DataError(f"The collection {collection!r} at {uri} was not made by this program; it stays.")
        index._client.drop_collection(collection)
    index.close()


def _no_codes(n_bits: int) -> BinaryCodes:
    return BinaryCodes(np.empty((0, -(-n_bits // 8)), dtype=np.uint8), n_bits)
