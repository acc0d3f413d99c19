"""The same descent in PyTorch: batches on the device, and a trainer. Imports torch."""

from gdcore.torch.batches import ResidentBatches
from gdcore.torch.device import choose, describe
from gdcore.torch.trainer import Trainer

__all__ = ["ResidentBatches", "Trainer", "choose", "describe"]
