from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import IngestError
from assistant.ports import Vectors
from ingest.embedding_cache import EmbeddingCache
from tests.fakes import FakeEmbedder


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[EmbeddingCache]:
    with closing(EmbeddingCache(tmp_path / "embeddings.sqlite")) as opened:
        yield opened


def quiet(_: int) -> None:
    pass


def test_progress_is_told_batch_by_batch(cache: EmbeddingCache) -> None:
    told: list[int] = []
    cache.vectors(["known"], FakeEmbedder(), quiet)

    cache.vectors(["known", *(f"text {number}" for number in range(600))], FakeEmbedder(), told.append)

    assert told == [257, 513, 601]


def test_what_was_embedded_once_is_not_embedded_again(cache: EmbeddingCache) -> None:
    embedder = FakeEmbedder()
    first, embedded = cache.vectors(["leave", "travel", "leave"], embedder, quiet)

    again, none = cache.vectors(["travel", "leave"], embedder, quiet)

    assert (embedded, none, embedder.embedded) == (2, 0, 2)
    np.testing.assert_array_equal(again, first[[1, 0]])


def test_rows_are_in_the_order_of_the_texts(cache: EmbeddingCache) -> None:
    texts = [f"text {number} {'long ' * (number % 7)}" for number in range(1200)]

    rows, _ = cache.vectors(texts, FakeEmbedder(), quiet)

    np.testing.assert_array_equal(rows, FakeEmbedder().embed(texts))


def test_two_models_do_not_share_vectors(cache: EmbeddingCache) -> None:
    other = FakeEmbedder()
    other.model_id = "fake@2"
    cache.vectors(["leave"], FakeEmbedder(), quiet)

    cache.vectors(["leave"], other, quiet)

    assert other.embedded == 1


class Failing(FakeEmbedder):
    """Embeds one batch, then breaks."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.embedded:
            raise MemoryError
        return super().embed(texts)


def test_an_ingest_that_breaks_off_keeps_its_batches(cache: EmbeddingCache) -> None:
    texts = [f"text {number}" for number in range(600)]
    broken = Failing()
    with pytest.raises(MemoryError):
        cache.vectors(texts, broken, quiet)

    _, embedded = cache.vectors(texts, FakeEmbedder(), quiet)

    assert embedded == 600 - broken.embedded < 600


def test_nothing_to_embed_is_no_error(cache: EmbeddingCache) -> None:
    rows, embedded = cache.vectors([], FakeEmbedder(), quiet)

    assert (len(rows), embedded) == (0, 0)


def test_what_is_missing_is_known_before_it_is_embedded(cache: EmbeddingCache) -> None:
    cache.vectors(["leave", "travel"], FakeEmbedder(), quiet)

    assert cache.missing("fake@1", ["travel", "phones", "leave", "phones"]) == ["phones"]
    assert cache.missing("fake@2", ["leave"]) == ["leave"]


def test_what_is_not_kept_is_gone(cache: EmbeddingCache) -> None:
    cache.vectors(["leave", "travel", "phones"], FakeEmbedder(), quiet)

    assert cache.keep_only(["travel"]) == 2
    assert cache.missing("fake@1", ["leave", "travel", "phones"]) == ["leave", "phones"]


def test_a_file_that_is_no_cache_is_told(tmp_path: Path) -> None:
    (tmp_path / "embeddings.sqlite").write_text("no database, but long enough to be looked at as one " * 20, encoding="utf-8")

    with pytest.raises(IngestError, match="Delete it: the vectors will be computed again"):
        EmbeddingCache(tmp_path / "embeddings.sqlite")
