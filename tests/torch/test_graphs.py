import copy
from types import SimpleNamespace

import pytest
import torch

from gdcore.schedules import Cosine
from gdcore.torch import GraphTrainer, ResidentBatches, Trainer, checkpoint, mlp

LOSS = torch.nn.CrossEntropyLoss()


def test_a_model_on_the_cpu_is_refused():
    model = mlp((4, 8, 3))
    with pytest.raises(ValueError, match="need a CUDA device, and the model is on cpu"):
        GraphTrainer(model, LOSS, torch.optim.Adam(model.parameters()))


class Elsewhere(torch.nn.Module):
    """Say that the parameters are on a CUDA device, for what is refused before one is needed."""

    def parameters(self, recurse=True):
        yield SimpleNamespace(device=torch.device("cuda"))


@pytest.mark.parametrize(
    "make",
    [torch.optim.SGD, torch.optim.Adagrad, torch.optim.LBFGS],
    ids=lambda kind: kind.__name__,
)
def test_an_optimizer_that_reads_its_lr_from_python_is_refused(make):
    optimizer = make(mlp((4, 8, 3)).parameters(), lr=0.1)
    with pytest.raises(ValueError, match=rf"{make.__name__} reads its lr from Python, .*fused=Tru"):
        GraphTrainer(Elsewhere(), LOSS, optimizer)


def test_scaled_losses_are_refused(monkeypatch):
    monkeypatch.setattr("torch.amp.grad_scaler.torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.amp.common.amp_definitely_not_available", lambda: False)
    optimizer = torch.optim.Adam(mlp((4, 8, 3)).parameters())
    with pytest.raises(ValueError, match=r"torch\.float16 do not go together: use torch\.bfloat16"):
        GraphTrainer(Elsewhere(), LOSS, optimizer, amp=torch.float16)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.01)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, fused=True)


RUNS = {
    "adam and a schedule": (adam, {"lr": Cosine(0.01, steps=40)}),
    "fused sgd with momentum": (sgd, {}),
    "fused sgd and a schedule": (sgd, {"lr": Cosine(0.1, steps=40)}),
    "a norm": (adam, {"max_norm": 0.1}),
    "pieces": (adam, {"accumulate": 4}),
    "bfloat16": (adam, {"amp": torch.bfloat16, "lr": 0.01}),
}


@pytest.fixture
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return torch.device("cuda")


@pytest.fixture
def batches(rng, request):
    X, y = rng.standard_normal((300, 16)), rng.integers(0, 3, 300)
    return ResidentBatches(X, y, batch_size=32, device="cuda", dtype=torch.float32)


@pytest.mark.gpu
@pytest.mark.parametrize(("optimizer", "options"), RUNS.values(), ids=RUNS)
def test_a_graph_makes_the_updates_that_it_was_captured_from(cuda, request, optimizer, options):
    batches = request.getfixturevalue("batches")  # 9 of 32 rows and a ragged one of 12
    start, told = mlp((16, 64, 3), activation="relu").to(cuda), []
    for kind in (Trainer, GraphTrainer):
        model = copy.deepcopy(start)
        trainer = kind(model, LOSS, optimizer(model.parameters()), **options)
        history = trainer.fit(batches, epochs=4, validation=batches)
        told.append((history, torch.nn.utils.parameters_to_vector(model.parameters()).cpu()))
    (eager, ours), (graph, theirs) = told
    assert eager.names == graph.names
    assert len(eager["loss"]) == len(graph["loss"]) == 40
    rtol = 1e-2 if options.get("amp") else 1e-4  # their own rounding: 8 bits, and 24
    for name in eager.names:
        torch.testing.assert_close(
            torch.from_numpy(graph[name]), torch.from_numpy(eager[name]), rtol=rtol, atol=rtol
        )
    torch.testing.assert_close(theirs, ours, rtol=rtol, atol=rtol)
    assert trainer._graph is not None  # it was a graph, and not eager all the way


@pytest.mark.gpu
def test_a_checkpoint_goes_on_in_a_graph_that_was_captured_before(cuda, request, tmp_path):
    batches = request.getfixturevalue("batches")
    start = mlp((16, 64, 3)).to(cuda)

    def make():
        model = copy.deepcopy(start)
        return GraphTrainer(model, LOSS, adam(model.parameters()), lr=Cosine(0.01, steps=40))

    whole, other = make(), make()
    whole.fit(batches, epochs=1)
    checkpoint.save(tmp_path / "c.pt", whole)
    other.fit(batches, epochs=2)
    checkpoint.load(tmp_path / "c.pt", other)
    losses = [torch.from_numpy(each.fit(batches, epochs=2)["loss"]) for each in (whole, other)]
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
