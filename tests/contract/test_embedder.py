"""What every embedder and reranker promises: the bundled model, one from a folder, and the fakes of the unit tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from assistant.adapters import sentence_transformers as adapter
from assistant.adapters.low_rank import fingerprint
from assistant.adapters.sentence_transformers import CrossEncoderReranker, SentenceTransformerEmbedder, bundled_folder
from assistant.errors import EmbeddingError
from assistant.features import features
from assistant.gate import load_gate
from assistant.ports import Embedder, Reranker
from assistant.retrieval.search import build_index, query_stats, search
from assistant.types import LOCAL, Chunk, Filters
from tests.fakes import FakeEmbedder, FakeReranker

TEXTS = ["How many days of annual leave are there?", "Full-time employees have 25 days of annual leave.", "The lathe needs oil."]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one small random layer, as a company's own would lie in a folder."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(str(bundled_folder()))
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=["fake", "bundled", "folder"], scope="module")
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return FakeEmbedder()
    if request.param == "bundled":
        return SentenceTransformerEmbedder()
    return SentenceTransformerEmbedder(str(request.getfixturevalue("tiny_folder")))


class TestEmbedder:
    def test_a_text_is_a_unit_vector(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS)

        assert len(vectors) == 3
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_the_same_text_is_the_same_vector(self, embedder: Embedder) -> None:
        np.testing.assert_allclose(embedder.embed(TEXTS)[1], embedder.embed(TEXTS[1:2])[0], atol=1e-5)

    def test_no_text_is_no_vector(self, embedder: Embedder) -> None:
        assert len(embedder.embed([])) == 0

    def test_it_says_which_model_it_is(self, embedder: Embedder) -> None:
        assert "@" in embedder.model_id


@pytest.fixture(params=["fake", "folder"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    return FakeReranker() if request.param == "fake" else CrossEncoderReranker(str(request.getfixturevalue("tiny_folder")))


class TestReranker:
    def test_every_text_has_a_score(self, reranker: Reranker) -> None:
        scores = reranker.score(TEXTS[0], TEXTS[1:])

        assert len(scores) == 2
        assert all(isinstance(score, float) for score in scores)

    def test_the_same_text_has_the_same_score(self, reranker: Reranker) -> None:
        assert reranker.score(TEXTS[0], TEXTS)[1] == pytest.approx(reranker.score(TEXTS[0], TEXTS[1:2])[0], abs=1e-5)


def test_the_bundled_model_knows_what_belongs_together() -> None:
    question, answer, other = SentenceTransformerEmbedder().embed(TEXTS)

    assert question @ answer > 0.6 > question @ other


def test_the_adaptation_is_part_of_the_model_and_of_its_name() -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(bundled_folder()), device="cpu", local_files_only=True).encode(TEXTS, normalize_embeddings=True)
    adapted = SentenceTransformerEmbedder()

    assert fingerprint(adapter.ADAPTATION) in adapted.model_id
    assert 0.7 < float(np.min(np.sum(plain * adapted.embed(TEXTS), axis=1))) < 0.999


HANDBOOK = (
    "Parental leave lasts sixteen weeks for every parent.",
    "Expenses above 500 euros are approved by the head of Finance in Oslo.",
    "The canteen opens at noon.",
    "Laptops are replaced after four years.",
    "Visitors sign in at the desk.",
)


@pytest.mark.parametrize("texts", [HANDBOOK, HANDBOOK[:2]])
def test_the_gate_lets_through_what_the_documents_say_and_not_what_they_do_not(texts: tuple[str, ...]) -> None:
    gate, embedder = load_gate(), SentenceTransformerEmbedder()
    chunks = [Chunk(f"c{i}", f"d{i}", f"{i}.md", "Handbook", (), 0, len(text), text) for i, text in enumerate(texts)]
    index = build_index(chunks, embedder.embed([chunk.indexed_text for chunk in chunks]))

    def probability(question: str) -> float:
        hits = search(index, question, embedder.embed([question])[0], LOCAL, Filters(), 20)
        return gate.probability(features(question, query_stats(index, question, LOCAL), hits, index.analyzer))

    present = probability("How many weeks does parental leave last?")
    absent = probability("Which volcano erupted near Naples in antiquity?")
    assert gate.decide(present) == "pass"
    assert gate.decide(absent) == "no_evidence"
    assert present > absent + 0.3


def test_an_altered_file_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(bundled_folder(), folder)
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("altered\n")

    with pytest.raises(EmbeddingError, match=r"vocab\.txt was altered"):
        adapter.check_files(folder)


def test_the_weights_are_those_of_the_official_revision() -> None:
    adapter.check_files(bundled_folder())


def test_a_folder_that_is_not_there_is_told() -> None:
    with pytest.raises(EmbeddingError, match="FOOTNOTE_EMBEDDINGS=/nowhere: there is no such folder"):
        SentenceTransformerEmbedder("/nowhere").embed(["x"])
    with pytest.raises(EmbeddingError, match="FOOTNOTE_RERANKER=/nowhere: there is no such folder"):
        CrossEncoderReranker("/nowhere").score("x", ["y"])


def test_a_folder_that_holds_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="FOOTNOTE_EMBEDDINGS"):
        SentenceTransformerEmbedder(str(tmp_path)).embed(["x"])


def test_a_changed_folder_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"one")
    before = SentenceTransformerEmbedder(str(tmp_path)).model_id
    (tmp_path / "weights").write_bytes(b"three")

    assert SentenceTransformerEmbedder(str(tmp_path)).model_id != before
