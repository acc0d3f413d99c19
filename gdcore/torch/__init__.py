"""The same descent in PyTorch: batches on the device, and a trainer. Imports torch."""

from gdcore.torch import checkpoint
from gdcore.torch.batches import ResidentBatches, StreamedBatches, from_loader
from gdcore.torch.ddp import ParallelTrainer, join
from gdcore.torch.device import choose, describe, tf32
from gdcore.torch.graphs import GraphTrainer
from gdcore.torch.models import mlp, small_cnn
from gdcore.torch.noise import NoiseTrainer
from gdcore.torch.placement import place
from gdcore.torch.probes import Probe, predict, probe
from gdcore.torch.trainer import Trainer

__all__ = [
    "GraphTrainer",
    "NoiseTrainer",
    "ParallelTrainer",
    "Probe",
    "ResidentBatches",
    "StreamedBatches",
    "Trainer",
    "checkpoint",
    "choose",
    "describe",
    "from_loader",
    "join",
    "mlp",
    "place",
    "predict",
    "probe",
    "small_cnn",
    "tf32",
]
