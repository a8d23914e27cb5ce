"""Low-rank adaptations of the bundled model: small files in `weights/` that are added to its matrices when it is loaded.

A matrix W of the model becomes W + B A, where A has shape (rank, inputs) and B (outputs, rank) (Hu et al., "LoRA: Low-Rank Adaptation of
Large Language Models", 2022). What a file was trained from, and by which script, stands in its metadata.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import EmbeddingError

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = Path(__file__).parent / "weights"


def fingerprint(path: Path) -> str:
    """The first 12 hex digits of the file's sha256. Raises EmbeddingError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise EmbeddingError(f"{path}: {error.strerror}. It is a part of Footnote; check it out anew.") from error


def adapt(model: nn.Module, path: Path) -> None:
    """Adds what the file holds to the matrices it names. Raises EmbeddingError where the file does not fit the model."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        factors = load_file(path)
        modules = dict(model.named_modules())
        with torch.no_grad():
            for name in sorted({key.rpartition(".")[0] for key in factors}):
                weight = modules[name].get_parameter("weight")
                weight += factors[f"{name}.b"].float() @ factors[f"{name}.a"].float()
    except (OSError, SafetensorError, KeyError, AttributeError, RuntimeError) as error:
        raise EmbeddingError(f"{path} does not fit the bundled model: {error}. It is a part of Footnote; check it out anew.") from error
