import copy
import io
import pickle

import numpy as np
import pytest
import torch

from gdcore.schedules import Cosine, Warmup
from gdcore.torch import ResidentBatches, Trainer, checkpoint

EPOCHS, UPDATES = 4, 7  # 52 rows in batches of 8


@pytest.fixture
def batches(rng):
    X, y = rng.standard_normal((52, 4)), rng.integers(0, 3, 52)
    return ResidentBatches(X, y, batch_size=8, seed=2, device="cpu", dtype=torch.float32)


class Interrupting:
    """Do what `wrapped` does, and be Ctrl-C at the k-th call."""

    def __init__(self, wrapped, k):
        self.wrapped, self.k, self.calls = wrapped, k, 0

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls == self.k:
            raise KeyboardInterrupt
        return self.wrapped(*arguments)


def make(*, optimizer=torch.optim.Adam, dropout=0.3, width=8, seed=0, **options):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, width),
        torch.nn.BatchNorm1d(width),
        torch.nn.Tanh(),
        torch.nn.Dropout(dropout),
        torch.nn.Linear(width, 3),
    )
    options = {"lr": Warmup(Cosine(0.05, steps=EPOCHS * UPDATES), steps=5)} | options
    loss_fn = options.pop("loss_fn", torch.nn.CrossEntropyLoss())
    return Trainer(model, loss_fn, optimizer(model.parameters(), lr=0.1), **options)


def everything(trainer):
    """Return all that a training depends on, as bytes and numbers."""
    tensors = list(trainer.model.state_dict().values())
    for state in trainer.optimizer.state_dict()["state"].values():
        tensors += [v for v in state.values() if isinstance(v, torch.Tensor)]
    position = trainer.step, trainer.epoch, trainer.done, trainer.seed
    groups = copy.deepcopy(trainer.optimizer.state_dict()["param_groups"])
    random = torch.get_rng_state().numpy().tobytes()
    scale = trainer.scaler.state_dict()
    return [v.numpy().tobytes() for v in tensors], groups, position, random, scale


KINDS = {
    "adam": {},
    "sgd with momentum": {"optimizer": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)},
    "half precision": {"amp": torch.float16},
    "pieces and a norm": {"accumulate": 2, "max_norm": 0.5},
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_resumed_at_the_end_of_an_epoch_it_is_as_if_never_stopped(batches, tmp_path, options):
    whole = make(**options)
    losses = list(whole.fit(batches, epochs=EPOCHS)["loss"])

    first = make(**options)
    before = list(first.fit(batches, epochs=1)["loss"])
    checkpoint.save(tmp_path / "c.pt", first)
    second = make(seed=99, **options)
    checkpoint.load(tmp_path / "c.pt", second)
    expected = everything(first)
    assert everything(second) == expected
    after = list(second.fit(batches, epochs=EPOCHS - 1)["loss"])
    assert before + after == losses
    assert len(losses) == EPOCHS * UPDATES
    assert everything(second)[:3] == everything(whole)[:3]


@pytest.mark.parametrize("k", [1, 2, 7, 8, 12, 26])
def test_resumed_in_mid_epoch_after_an_interrupt_it_is_as_if_never_stopped(batches, tmp_path, k):
    # The schedule is asked between two updates, before the model draws from the random numbers.
    whole = make()
    losses = list(whole.fit(batches, epochs=EPOCHS)["loss"])

    first = make(lr=Interrupting(whole.lr, k))
    history = first.fit(batches, epochs=EPOCHS)
    before = list(history["loss"]) if "loss" in history else []
    assert (history.stop, len(before)) == ("interrupted", k - 1)
    checkpoint.save(tmp_path / "c.pt", first)
    second = make(seed=99)
    checkpoint.load(tmp_path / "c.pt", second)
    assert (second.step, second.epoch, second.done) == (k - 1, *divmod(k - 1, UPDATES))
    after = list(second.fit(batches, epochs=EPOCHS - second.epoch)["loss"])
    assert before + after == losses
    assert everything(second)[:3] == everything(whole)[:3]


@pytest.mark.parametrize("k", [1, 12])
def test_an_interrupt_within_an_update_leaves_a_checkpoint_of_the_one_before(batches, tmp_path, k):
    def plain(**options):
        trainer = make(dropout=0.0, amp=torch.float16, **options)
        trainer.model[1] = torch.nn.Identity()  # batch normalisation counts what it has seen
        trainer.optimizer = torch.optim.Adam(trainer.model.parameters())
        return trainer

    whole = plain()
    losses = list(whole.fit(batches, epochs=2)["loss"])
    first = plain(loss_fn=Interrupting(torch.nn.CrossEntropyLoss(), k))
    history = first.fit(batches, epochs=2)
    before = list(history["loss"]) if "loss" in history else []
    assert len(before) == k - 1
    checkpoint.save(tmp_path / "c.pt", first)
    second = plain(seed=99)
    checkpoint.load(tmp_path / "c.pt", second)
    assert before + list(second.fit(batches, epochs=2 - second.epoch)["loss"]) == losses
    assert everything(second)[:3] == everything(whole)[:3]


@pytest.fixture
def saved(batches, tmp_path):
    trainer = make()
    trainer.fit(batches, epochs=1)
    checkpoint.save(tmp_path / "c.pt", trainer)
    return tmp_path / "c.pt"


def refused(path, trainer, told):
    """Assert that a file is refused by name, and that nothing of the trainer is changed."""
    before = everything(trainer)
    with pytest.raises(ValueError, match=told) as caught:
        checkpoint.load(path, trainer)
    assert str(path) in str(caught.value)
    assert everything(trainer) == before


@pytest.fixture
def fitted(batches):
    """Return a trainer in mid-training, so that there is something to leave untouched."""
    trainer = make(seed=5)
    trainer.fit(batches, epochs=2)
    return trainer


@pytest.mark.parametrize("part", [0, 1, 100, 0.25, 0.5, 0.9, -1])
def test_a_file_that_was_cut_off_is_refused(saved, fitted, part):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    refused(saved, fitted, "is cut off, or no checkpoint")


def test_a_file_of_another_make_is_refused(fitted, tmp_path):
    path = tmp_path / "c.pt"
    path.write_text("loss: 0.3\n", encoding="utf-8")
    refused(path, fitted, "is cut off, or no checkpoint")
    for other in (fitted.model.state_dict(), {"mark": "gdcore checkpoint 0"}, [1, 2], "gdcore", 3):
        torch.save(other, path)
        refused(path, fitted, "is not a checkpoint of gdcore: it does not say")


class Trap:
    """Make a file when unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
@pytest.mark.parametrize("where", ["alone", "under the right mark"])
def test_nothing_in_a_file_is_run(fitted, tmp_path, write, where):
    path, caught = tmp_path / "c.pt", tmp_path / "caught"
    trap = Trap(caught)
    with path.open("wb") as file:
        write(trap if where == "alone" else {"mark": checkpoint.MARK, "model": trap}, file)
    refused(path, fitted, "is cut off, or no checkpoint")
    assert not caught.exists()
    pickle.loads(pickle.dumps(trap)).close()  # elsewhere it is run
    assert caught.exists()


def test_a_missing_file_is_a_missing_file(fitted, tmp_path):
    before = everything(fitted)
    with pytest.raises(FileNotFoundError, match=r"none\.pt"):
        checkpoint.load(tmp_path / "none.pt", fitted)
    assert everything(fitted) == before


def test_a_checkpoint_of_another_model_is_refused_with_both_told(saved, batches):
    other = make(width=9)
    refused(saved, other, r"is of another model: .*0\.weight \[8, 4\].*this one 0\.weight \[9, 4\]")
    named = make()
    named.model = torch.nn.ModuleDict({"inner": named.model})
    refused(saved, named, r"is of another model: it has 0\.weight .*this one inner\.0\.weight")
    fewer = make()
    fewer.model = fewer.model[:-1]
    refused(saved, fewer, "is of another model")


def test_a_checkpoint_of_another_optimizer_is_refused(saved, batches):
    refused(saved, make(optimizer=torch.optim.SGD), "another optimizer: Adam, and this one is SGD")
    refused(saved, make(optimizer=torch.optim.AdamW), "optimizer: Adam, and this one is AdamW")
    checkpoint.save(saved, make(optimizer=torch.optim.SGD))
    refused(saved, make(), "is of another optimizer: SGD, and this one is Adam")


def test_a_checkpoint_with_other_groups_is_refused(saved):
    other = make()
    parameters = list(other.model.parameters())
    other.optimizer = torch.optim.Adam([{"params": parameters[:2]}, {"params": parameters[2:]}])
    refused(saved, other, "is of another optimizer: .* different number of parameter groups")
    other.optimizer = torch.optim.Adam(parameters[:2])
    refused(saved, other, "is of another optimizer: .* doesn't match the size")


def test_a_checkpoint_with_scaled_losses_belongs_to_one_with_them(saved, batches):
    refused(saved, make(amp=torch.float16), "is of a training with another amp")
    checkpoint.save(saved, make(amp=torch.float16))
    refused(saved, make(), "is of a training with another amp")


PARTS = [
    "model",
    "kind",
    "optimizer",
    "scaler",
    "step",
    "epoch",
    "done",
    "seed",
    "random",
    "random_device",
]


def test_the_parts_of_a_file_are_these(saved):
    assert set(torch.load(saved, weights_only=True)) == {"mark", *PARTS}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", ["missing", 1.5, [1, 2]])
def test_a_part_that_is_missing_or_of_another_type_is_refused(saved, fitted, part, value):
    state = torch.load(saved, weights_only=True)
    if value == "missing":
        del state[part]
    else:
        state[part] = value
    torch.save(state, saved)
    refused(saved, fitted, f"is no whole checkpoint: its '{part}'")


INSIDES = {
    "no model": ("model", {}),
    "numbers for tensors": ("model", {"0.weight": 1.0}),
    "no optimizer": ("optimizer", {}),
    "no state": ("optimizer", {"param_groups": [{"params": list(range(6))}]}),
    "state that is none": ("optimizer", {"state": 3, "param_groups": [{"params": [*range(6)]}]}),
    "state in one piece": (
        "optimizer",
        {"state": {0: {"step": "x"}}, "param_groups": [{"params": [*range(6)]}]},
    ),
    "a scale": ("scaler", {"scale": 1.0}),
    "random state cut off": ("random", torch.zeros(7, dtype=torch.uint8)),
    "random state of floats": ("random", torch.zeros(5056)),
}


@pytest.mark.parametrize(("part", "value"), INSIDES.values(), ids=INSIDES)
def test_a_part_with_something_else_inside_is_refused(saved, fitted, part, value):
    state = torch.load(saved, weights_only=True)
    state[part] = value
    torch.save(state, saved)
    refused(saved, fitted, "is of a")


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt("Ctrl-C")])
@pytest.mark.parametrize("old", [True, False])
def test_an_interrupted_save_leaves_what_was_there(saved, fitted, monkeypatch, error, old):
    if not old:
        saved.unlink()
    before = {path: path.read_bytes() for path in saved.parent.iterdir()}

    def some_of_it(state, file):
        file.write(b"PK some bytes")
        raise error

    monkeypatch.setattr(torch, "save", some_of_it)
    with pytest.raises(type(error), match=str(error)):
        checkpoint.save(saved, fitted)
    assert {path: path.read_bytes() for path in saved.parent.iterdir()} == before
    assert len(before) == old


def test_a_new_checkpoint_takes_the_place_of_the_old(saved, fitted):
    checkpoint.save(str(saved), fitted)  # a name will do
    assert [path.name for path in saved.parent.iterdir()] == ["c.pt"]
    other = make()
    checkpoint.load(str(saved), other)
    assert everything(other) == everything(fitted)


def test_a_compiled_model_is_saved_as_the_plain_one(batches, tmp_path):
    plain, compiled = make(), make()
    compiled.model = torch.compile(compiled.model, backend="eager")
    checkpoint.save(tmp_path / "c.pt", compiled)
    names = torch.load(tmp_path / "c.pt", weights_only=True)["model"]
    assert list(names) == list(plain.model.state_dict())
    for one, other in ((compiled, plain), (plain, compiled)):
        one.fit(batches, epochs=1)
        checkpoint.save(tmp_path / "c.pt", one)
        checkpoint.load(tmp_path / "c.pt", other)
        assert everything(one) == everything(other)


def test_a_resumed_training_refuses_the_orders_of_another_seed(saved, batches, rng):
    trainer = make()
    checkpoint.load(saved, trainer)
    X, y = rng.standard_normal((52, 4)), rng.integers(0, 3, 52)
    other = ResidentBatches(X, y, batch_size=8, seed=3, device="cpu", dtype=torch.float32)
    with pytest.raises(ValueError, match=r"orders of seed 2, .* seed 3: give them seed=2"):
        trainer.fit(other, epochs=1)
    assert trainer.step == UPDATES


def test_what_is_written_is_read_by_torch_alone(saved):
    state = torch.load(io.BytesIO(saved.read_bytes()), weights_only=True)
    assert state["step"] == UPDATES
    model = make(seed=4).model
    model.load_state_dict(state["model"])


@pytest.mark.gpu
def test_a_training_on_the_accelerator_goes_on_and_adam_counts_on_the_cpu(tmp_path, rng):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    X, y = rng.standard_normal((64, 4)), rng.integers(0, 3, 64)
    batches = ResidentBatches(X, y, batch_size=8, device="cuda", dtype=torch.float32)

    def on_cuda(seed):
        trainer = make(seed=seed)
        model = trainer.model.cuda()
        optimizer = torch.optim.Adam(model.parameters())
        return Trainer(model, trainer.loss_fn, optimizer, lr=trainer.lr)

    whole, first, second = on_cuda(0), on_cuda(0), on_cuda(1)
    torch.manual_seed(3)
    losses = list(whole.fit(batches, epochs=3)["loss"])
    torch.manual_seed(3)
    before = list(first.fit(batches, epochs=1)["loss"])
    checkpoint.save(tmp_path / "c.pt", first)
    torch.manual_seed(4)
    checkpoint.load(tmp_path / "c.pt", second)
    assert {s["step"].device.type for s in second.optimizer.state.values()} == {"cpu"}
    after = list(second.fit(batches, epochs=2)["loss"])
    assert np.allclose(before + after, losses, rtol=1e-4)  # float32, sums in any order
