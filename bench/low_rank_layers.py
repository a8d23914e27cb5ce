"""Trainable low-rank parts beside the frozen matrices of a BERT encoder (Hu et al., 2022); `assistant.adapters.low_rank` adds them in."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

# What the parts' output is multiplied by: they learn faster so, at the same rate.
SCALE = 2.0


class LowRank(nn.Module):
    """A frozen linear layer, and beside it `SCALE` B A, which begins at zero."""

    def __init__(self, frozen: nn.Linear, rank: int) -> None:
        super().__init__()
        self.frozen = frozen
        self.a = nn.Parameter(torch.randn(rank, frozen.in_features) / math.sqrt(frozen.in_features))
        self.b = nn.Parameter(torch.zeros(frozen.out_features, rank))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        frozen: torch.Tensor = self.frozen(states)
        return frozen + (states @ self.a.T) @ self.b.T * SCALE


def add_low_rank(model: Any, rank: int) -> None:
    """Freezes the model and gives every matrix of its layers a low-rank part."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for layer in model.encoder.layer:
        attention = layer.attention
        places = ((attention.self, "query"), (attention.self, "key"), (attention.self, "value"), (attention.output, "dense"))
        for holder, name in (*places, (layer.intermediate, "dense"), (layer.output, "dense")):
            setattr(holder, name, LowRank(getattr(holder, name), rank))
