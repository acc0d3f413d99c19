"""The torch networks against the NumPy ones, and against formulas written out."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

import gdcore as gd
from gdcore.torch import mlp, small_cnn


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 7, 5, 3)], ids=str)
def test_scores_loss_and_gradient_are_those_of_numpy(sizes, activation, rng):
    X, y = rng.standard_normal((20, 4)), rng.integers(0, 3, 20)
    ours, theirs = (
        gd.MLP(sizes, activation),
        mlp(sizes, activation=activation, seed=5, dtype=torch.float64),
    )
    w = ours.init(5)
    scores = theirs(torch.from_numpy(X))
    assert np.abs(scores.detach().numpy() - ours.scores(w, X)).max() < 1e-12
    loss = functional.cross_entropy(scores, torch.from_numpy(y))
    loss.backward()
    value, grad = ours.value_and_grad(w, X, y)
    assert abs(loss.item() - value) < 1e-12
    layers = [layer for layer in theirs if isinstance(layer, torch.nn.Linear)]
    assert len(layers) == len(sizes) - 1
    for layer, (W, b) in zip(layers, ours.unpack(grad), strict=True):
        assert np.abs(layer.weight.grad.T.numpy() - W).max() < 1e-12
        assert np.abs(layer.bias.grad.numpy() - b[0]).max() < 1e-12


def test_in_float32_the_start_is_the_same_but_for_rounding():
    (W, _), *_ = (ours := gd.MLP((4, 3))).unpack(ours.init(1))
    (layer,) = mlp((4, 3), seed=1)
    assert layer.weight.dtype == layer.bias.dtype == torch.float32
    assert (layer.weight.detach().T.numpy() == W.astype(np.float32)).all()


def test_sizes_and_activations_are_refused_as_in_numpy():
    with pytest.raises(ValueError, match=r"sizes must be two or more widths"):
        mlp((4,))
    with pytest.raises(ValueError, match=r"activation must be 'tanh' or 'relu', got 'gelu'"):
        mlp((4, 3), activation="gelu")


@pytest.mark.parametrize(
    ("image", "channels", "features"),
    [
        ((1, 28, 28), (16, 32), 32 * 7 * 7),
        ((3, 9, 6), (4,), 4 * 4 * 3),
        ((2, 8, 11), (2, 3, 5), 5),
        ((1, 2, 3), (), 6),
    ],
    ids=str,
)
def test_flat_rows_become_scores(image, channels, features, rng):
    model = small_cnn(image, classes=7, channels=channels)
    rows = torch.from_numpy(rng.standard_normal((5, math.prod(image)), np.float32))
    assert model(rows).shape == (5, 7)
    assert model[-1].in_features == features


@pytest.fixture
def tiny():
    """Two convolutions and odd sides, with biases that are not zero."""
    model = small_cnn((2, 7, 9), classes=3, channels=(3, 4), seed=1, dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    for name, values in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(values, generator=generator)
    return model


def test_scores_are_the_layers_written_out(tiny, rng):
    X = torch.from_numpy(rng.standard_normal((6, 2 * 7 * 9)))
    W1, b1, W2, b2, W, b = tiny.parameters()
    h = X.reshape(6, 2, 7, 9)
    for weight, bias in ((W1, b1), (W2, b2)):
        h = functional.conv2d(h, weight, bias, padding=1)
        h = functional.max_pool2d(h.clamp(min=0), 2)
    assert h.shape == (6, 4, 1, 2)
    assert (tiny(X) - (h.reshape(6, 8) @ W.T + b)).abs().max() < 1e-12


def test_the_gradient_is_that_of_differences(tiny, rng):
    X = torch.from_numpy(rng.standard_normal((4, 2 * 7 * 9)))
    y = torch.from_numpy(rng.integers(0, 3, 4))
    shapes = {name: values.shape for name, values in tiny.named_parameters()}
    sizes = [shape.numel() for shape in shapes.values()]

    def loss(w):
        parts = torch.from_numpy(w).split(sizes)
        values = {name: v.view(shapes[name]) for name, v in zip(shapes, parts, strict=True)}
        return functional.cross_entropy(torch.func.functional_call(tiny, values, X), y).item()

    functional.cross_entropy(tiny(X), y).backward()
    grad = torch.cat([p.grad.flatten() for p in tiny.parameters()]).numpy()
    w = torch.cat([p.detach().flatten() for p in tiny.parameters()]).numpy()
    assert np.abs(grad - gd.differences.central_grad(loss, w)).max() < 1e-8
    assert np.abs(grad).max() > 0.01


def test_a_start_has_the_spread_that_keeps_signals_in_scale():
    model = small_cnn((3, 16, 16), classes=50, channels=(32, 64), seed=3)
    W1, b1, W2, b2, W, b = (values.detach() for values in model.parameters())
    variances = (2 / (3 * 9), 2 / (32 * 9), 1 / (64 * 4 * 4))
    for weight, variance in zip((W1, W2, W), variances, strict=True):
        # four standard errors of a variance and of a mean
        assert abs(weight.var() / variance - 1) < 4 * math.sqrt(2 / weight.numel())
        assert abs(weight.mean()) < 4 * math.sqrt(variance / weight.numel())
    assert not any(bias.any() for bias in (b1, b2, b))


def test_a_start_is_drawn_by_its_seed_and_by_nothing_else():
    starts = []
    for seed, elsewhere in ((3, 0), (3, 1), (4, 1)):
        torch.manual_seed(elsewhere)
        model = small_cnn((1, 4, 4), channels=(2,), seed=seed)
        starts.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(starts[0], starts[1])
    drawn = starts[0] != 0
    assert (starts[0] != starts[2])[drawn].all()


def test_an_image_may_be_halved_down_to_one_pixel_but_not_further():
    assert small_cnn((1, 4, 4), channels=(2, 2))[-1].in_features == 2
    for image in ((1, 3, 8), (1, 8, 3)):
        with pytest.raises(
            ValueError,
            match=rf"an image of \(1, {image[1]}, {image[2]}\) cannot be "
            r"halved 2 times",
        ):
            small_cnn(image, channels=(2, 2))
