"""What was learnt is added to the bundled model: the matrices it names change by B A, a file that does not fit is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from assistant.adapters.low_rank import WEIGHTS, adapt, fingerprint
from assistant.errors import EmbeddingError

MOST_BYTES = 30 * 2**20


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({"one": nn.Linear(4, 3), "two": nn.Linear(4, 3)})


def test_a_matrix_changes_by_the_product_of_its_factors(model: nn.Module, tmp_path: Path) -> None:
    a, b = torch.randn(2, 4).half(), torch.randn(3, 2).half()
    save_file({"one.a": a, "one.b": b}, tmp_path / "weights.safetensors")
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}

    adapt(model, tmp_path / "weights.safetensors")

    after = dict(model.named_parameters())
    torch.testing.assert_close(after["one.weight"], before["one.weight"] + b.float() @ a.float())
    for name in ("one.bias", "two.weight", "two.bias"):
        torch.testing.assert_close(after[name], before[name])


@pytest.mark.parametrize(
    "tensors",
    [
        {"three.a": torch.zeros(2, 4), "three.b": torch.zeros(3, 2)},
        {"one.a": torch.zeros(2, 5), "one.b": torch.zeros(3, 2)},
        {"one.a": torch.zeros(2, 4)},
    ],
    ids=["another matrix", "another shape", "half a pair"],
)
def test_what_does_not_fit_the_model_is_told(model: nn.Module, tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(tensors, tmp_path / "weights.safetensors")

    with pytest.raises(EmbeddingError, match=r"weights\.safetensors does not fit the bundled model"):
        adapt(model, tmp_path / "weights.safetensors")


def test_a_file_that_is_none_or_missing_is_told(model: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_text("no tensors")

    with pytest.raises(EmbeddingError, match="does not fit"):
        adapt(model, tmp_path / "weights.safetensors")
    with pytest.raises(EmbeddingError, match="No such file"):
        fingerprint(tmp_path / "missing.safetensors")


def test_other_bytes_are_another_model(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"one")
    other.write_bytes(b"other")

    assert fingerprint(one) != fingerprint(other)


def test_what_ships_is_small_sound_and_says_where_it_comes_from() -> None:
    from safetensors import safe_open

    path = WEIGHTS / "embedder.safetensors"
    with safe_open(path, framework="pt") as file:
        about = file.metadata()

    assert path.stat().st_size < MOST_BYTES
    assert about["by"] == "bench/train_embedder.py"
    assert "policyqa" not in about["pairs"]
    assert "conditionalqa" not in about["pairs"]
    assert all(torch.isfinite(tensor).all() for tensor in load_file(path).values())
