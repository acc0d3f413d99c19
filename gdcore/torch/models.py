"""The networks of the chapters, as torch modules."""

import itertools
from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from gdcore.networks import MLP

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}


def mlp(
    sizes: Sequence[int],
    *,
    activation: Literal["tanh", "relu"] = "tanh",
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> nn.Sequential:
    """Return the network of `gdcore.MLP(sizes, activation)`, with the start `init(seed)` of it.

    Its scores and gradients are those of the NumPy network, so both walk one path.

    Args:
        sizes: Widths of the layers, from the inputs to the scores: (64, 256, 10).
        activation: Between the layers.
        seed: Of the start.
        dtype: Type of the parameters.

    Raises:
        ValueError: As `gdcore.MLP` does.
    """
    network = MLP(sizes, activation=activation)
    layers = [nn.Linear(*pair, dtype=dtype) for pair in itertools.pairwise(network.sizes)]
    with torch.no_grad():
        for layer, (W, b) in zip(layers, network.unpack(network.init(seed)), strict=True):
            layer.weight.copy_(torch.from_numpy(W).T)
            layer.bias.copy_(torch.from_numpy(b[0]))
    *hidden, last = layers
    pairs = ((layer, ACTIVATIONS[activation]()) for layer in hidden)
    return nn.Sequential(*itertools.chain(*pairs), last)


def small_cnn(
    image: tuple[int, int, int] = (1, 28, 28),
    *,
    classes: int = 10,
    channels: Sequence[int] = (16, 32),
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> nn.Sequential:
    """Return a small convolutional network that takes flat rows, as `Batches` deals them.

    For each number of channels a 3x3 convolution, a ReLU and a maximum over 2x2; then a linear
    layer to the scores. Weights are drawn as in `gdcore.MLP`: from N(0, 2 / fan_in) before a ReLU,
    from N(0, 1 / fan_in) before the scores; biases are zero.

    Args:
        image: Channels, height and width that a row of inputs stands for.
        classes: Number of scores.
        channels: Of the convolutions.
        seed: Of the start.
        dtype: Type of the parameters.

    Raises:
        ValueError: If the image is too small to be halved once for each convolution.
    """
    depth, height, width = image
    layers: list[nn.Module] = [nn.Unflatten(1, image)]
    for out in channels:
        layers += [nn.Conv2d(depth, out, 3, padding=1, dtype=dtype), nn.ReLU(), nn.MaxPool2d(2)]
        depth, height, width = out, height // 2, width // 2
    if not height * width:
        raise ValueError(f"an image of {image} cannot be halved {len(channels)} times")
    layers += [nn.Flatten(), nn.Linear(depth * height * width, classes, dtype=dtype)]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                gain = 2 if isinstance(layer, nn.Conv2d) else 1
                std = (gain / layer.weight[0].numel()) ** 0.5
                layer.weight.normal_(0, std, generator=generator)
                assert layer.bias is not None  # it is made unless asked not to
                layer.bias.zero_()
    return nn.Sequential(*layers)
