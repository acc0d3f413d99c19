# %% [markdown] lang="en"
# # Eleven checks, eleven faults
#
# A sound program and eleven broken ones, each with one fault planted on purpose. Eleven checks that
# take seconds are made on all of them, with five seeds each: which check finds which fault?

# %% [markdown] lang="zh"
# # 十一项检查，十一种错误
#
# 一个正确的程序，十一个坏掉的程序，每个故意埋了一种错误。十一项检查，每项几秒之内做完，
# 在所有程序上用五个种子各做一遍：哪项检查查得出哪种错误？

# %% program
import copy
import math
from dataclasses import dataclass, field, replace

import matplotlib.pyplot as plt
import numpy as np
import torch

import gdcore as gd
from gdcore import plot
from gdcore.torch import choose

plt.style.use(plot.STYLE)
torch.set_num_threads(1)

device, m = choose("auto"), 64
X, y = (torch.from_numpy(rows) for rows in gd.datasets.digits())
rows = np.random.default_rng(0).permutation(len(X))
X, y = X[rows].float().to(device), y[rows].to(device)
ROWS = {"train": (X[:1000], y[:1000]), "val": (X[1000:], y[1000:])}


def network():
    return torch.nn.Sequential(
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(64, 10),
    )


@dataclass
class Program:
    """All parts of a training; a fault is another part."""

    rows: dict = field(default_factory=lambda: ROWS)
    network: object = network
    loss: object = torch.nn.CrossEntropyLoss()
    clear: object = torch.optim.Optimizer.zero_grad
    learns: object = torch.nn.Module.parameters
    settle: object = torch.nn.Module.eval
    lr: float = 0.5

    def start(self, seed, lr=None):
        torch.manual_seed(seed)
        model = self.network().to(device)
        lr = self.lr if lr is None else lr
        return model, torch.optim.SGD(self.learns(model), lr=lr)

    def update(self, model, optimizer, X_batch, y_batch):
        self.clear(optimizer)
        self.loss(model(X_batch), y_batch).backward()
        optimizer.step()

    def train(self, model, optimizer, epochs, rows="train"):
        X, y = self.rows[rows]
        for _ in range(epochs):
            model.train()
            order = torch.randperm(len(X)).to(device)
            for batch in order.split(m):
                self.update(model, optimizer, X[batch], y[batch])

    @torch.no_grad()
    def evaluate(self, model, rows="train", size=1000):
        """Mean loss over rows, and the share that is right."""
        self.settle(model)
        loss = right = 0
        X, y = self.rows[rows]
        pieces = zip(X.split(size), y.split(size), strict=True)
        for X_piece, y_piece in pieces:
            scores = model(X_piece)
            piece = self.loss(scores, y_piece).item()
            loss += piece * len(X_piece) / len(X)
            found = scores.argmax(1) == y_piece
            right += found.sum().item() / len(X)
        return loss, right


# %% faults
cross_entropy = torch.nn.functional.cross_entropy
(X_train, y_train), (X_val, y_val) = ROWS["train"], ROWS["val"]
torch.manual_seed(0)
shuffled = y_train[torch.randperm(len(y_train)).to(device)]
leaked = (
    torch.cat([X_train[:-100], X_val[:100]]),
    torch.cat([y_train[:-100], y_val[:100]]),
)


class AlongRows(torch.nn.Module):
    """Meant to normalise each row, but takes the wrong axis."""

    def forward(self, h):
        return h / (h.pow(2).mean(0, keepdim=True) + 1e-6).sqrt()


sound = Program()
faults = {
    "labels shuffled against rows": replace(
        sound, rows=ROWS | {"train": (X_train, shuffled)}
    ),
    "zero_grad forgotten": replace(sound, clear=lambda optimizer: None),
    "sign of the loss wrong": replace(
        sound, loss=lambda s, y: -cross_entropy(s, y)
    ),
    "loss summed, not averaged": replace(
        sound, loss=lambda s, y: cross_entropy(s, y, reduction="sum")
    ),
    "softmax applied twice": replace(
        sound, loss=lambda s, y: cross_entropy(s.softmax(1), y)
    ),
    "inputs not scaled": replace(
        sound,
        rows={k: (255 * X, y) for k, (X, y) in ROWS.items()},
    ),
    "lr 100 times too large": replace(sound, lr=100 * sound.lr),
    "layer not given to optimizer": replace(
        sound, learns=lambda model: model[-1].parameters()
    ),
    "rows mixed in the network": replace(
        sound,
        network=lambda: torch.nn.Sequential(AlongRows(), *network()),
    ),
    "evaluation with dropout on": replace(
        sound, settle=torch.nn.Module.train
    ),
    "validation rows trained on": replace(
        sound, rows=ROWS | {"train": leaked}
    ),
}


# %% checks
def loss_falls(p, seed):
    """The loss after an epoch is below that at the start."""
    model, optimizer = p.start(seed)
    before, _ = p.evaluate(model)
    p.train(model, optimizer, epochs=1)
    return p.evaluate(model)[0] < before


def starts_at_ln_10(p, seed):
    """All scores zero: every class has probability 1/10."""
    model, _ = p.start(seed)
    for parameter in model[-1].parameters():
        torch.nn.init.zeros_(parameter)
    return abs(p.evaluate(model)[0] - math.log(10)) < 1e-4


def gradient_is_right(p, seed):
    """The gradient of a second update, against differences."""
    model, optimizer = p.start(seed, lr=0.0)
    model = model.cpu().double().eval()  # not all GPUs have float64
    X, y = p.rows["train"]
    X, y = X[:m].cpu().double(), y[:m].cpu()
    for _ in range(2):  # lr 0: both are at the same place
        p.update(model, optimizer, X, y)
    parameters = list(model.parameters())
    steps = [
        torch.randn_like(w) if w.grad is None else w.grad
        for w in parameters
    ]
    length = math.sqrt(sum(step.pow(2).sum() for step in steps))
    ends = []
    with torch.no_grad():
        for h in (1e-6, -2e-6):  # there, and back past the start
            for w, step in zip(parameters, steps, strict=True):
                w += h / length * step
            ends.append(p.loss(model(X), y).item())
    measured = (ends[0] - ends[1]) / 2e-6
    slope = sum(
        (w.grad * step).sum().item() / length
        for w, step in zip(parameters, steps, strict=True)
        if w.grad is not None
    )
    return abs(slope - measured) < 0.01 * abs(measured)


def rows_stay_apart(p, seed):
    """Other rows in the batch do not change a row's scores."""
    model, _ = p.start(seed)
    X, _ = p.rows["train"]
    model.eval()
    alone, together = model(X[:1]), model(X[:m])[:1]
    return torch.allclose(alone, together, atol=1e-4)


def all_parameters_move(p, seed):
    """An update changes every tensor of parameters."""
    model, optimizer = p.start(seed)
    before = copy.deepcopy(list(model.parameters()))
    X, y = p.rows["train"]
    p.update(model, optimizer, X[:m], y[:m])
    pairs = zip(before, model.parameters(), strict=True)
    return not any(torch.equal(*pair) for pair in pairs)


def learns_20_rows(p, seed):
    """Twenty rows are learned by heart in 100 updates."""
    X, y = p.rows["train"]
    p = replace(p, rows={"train": (X[:20], y[:20])})
    model, optimizer = p.start(seed)
    p.train(model, optimizer, epochs=100)
    return p.evaluate(model)[0] < 0.3


def knows_unseen_rows(p, seed):
    """Two epochs are enough for more than half of unseen rows."""
    model, optimizer = p.start(seed)
    p.train(model, optimizer, epochs=2)
    return p.evaluate(model, "val")[1] > 0.5


def lr_is_near_best(p, seed):
    """After an epoch no other lr is far better."""
    losses = []
    for factor in (1, 0.01, 10):
        model, optimizer = p.start(seed, lr=factor * p.lr)
        p.train(model, optimizer, epochs=1)
        loss = p.evaluate(model)[0]
        losses.append(loss if math.isfinite(loss) else math.inf)
    return math.isfinite(losses[0]) and losses[0] <= 2 * min(losses)


def noise_scale(p, seed):
    """Noise over signal of the rows' gradients, scores zero."""
    model, _ = p.start(seed)
    torch.nn.init.zeros_(model[-1].weight)
    X, y = p.rows["train"]
    model.eval().requires_grad_(False)

    def loss(parameters, x, y):
        call = torch.func.functional_call
        return p.loss(call(model, parameters, x[None]), y[None])

    last = model[-1].named_parameters(prefix=f"{len(model) - 1}")
    parameters = {k: w.detach() for k, w in last}  # no other has any
    grads = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(
        parameters, X, y
    )
    parts = [part.flatten(1) for part in grads.values()]
    grads = torch.cat(parts, 1).cpu().double().numpy()
    return gd.noise.noise_scale(grads)


def rows_agree(p, seed):
    """The noise scale is small beside the number of rows."""
    return bool(noise_scale(p, seed) < len(p.rows["train"][0]) / 3)


def evaluates_the_same(p, seed):
    """Twice, and in other pieces: the same loss."""
    model, _ = p.start(seed)
    first = p.evaluate(model, "val")[0]
    again = p.evaluate(model, "val", size=20)[0]
    return abs(first - again) < 1e-4 * abs(first)


def no_row_on_both_sides(p, seed):
    """No row for training is among those for validation."""
    seen = {row.tobytes() for row in p.rows["train"][0].cpu().numpy()}
    unseen = p.rows["val"][0].cpu().numpy()
    return not any(row.tobytes() in seen for row in unseen)


checks = [
    loss_falls,
    starts_at_ln_10,
    gradient_is_right,
    rows_stay_apart,
    all_parameters_move,
    learns_20_rows,
    knows_unseen_rows,
    lr_is_near_best,
    rows_agree,
    evaluates_the_same,
    no_row_on_both_sides,
]

# %% caught
seeds = 5
programs = {"sound": sound} | faults
caught = np.array(
    [
        [
            sum(not check(p, seed) for seed in range(seeds))
            for check in checks
        ]
        for p in programs.values()
    ]
)

fig, ax = plt.subplots(figsize=(4.4, 4.9))
for (row, column), count in np.ndenumerate(caught):
    ax.plot(
        column,
        row,
        "s",
        markersize=13,
        color=plot.MINI_BATCH["color"] if count else plot.GREY,
        alpha=0.25 + 0.75 * count / seeds if count else 0.12,
        markeredgewidth=0,
    )
    if count:
        ink = "white" if count > seeds / 2 else plot.INK
        ax.text(
            column, row, f"{count}", color=ink, ha="center", va="center"
        )
names = [check.__name__.replace("_", " ") for check in checks]
ax.set_xticks(range(len(checks)), names, rotation=90)
ax.set_yticks(range(len(programs)), list(programs))
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.set(xlim=(-0.6, len(checks) - 0.4), ylim=(len(programs) - 0.4, -0.6))
ax.grid(False)
for side in ax.spines.values():
    side.set_visible(False)
plt.show()

# %% floors
p = faults["softmax applied twice"]
X_few, y_few = p.rows["train"][0][:20], p.rows["train"][1][:20]
few = replace(p, rows={"train": (X_few, y_few)})
model, optimizer = few.start(seed=0)
few.train(model, optimizer, epochs=1000)
reached, right = few.evaluate(model)
floor = math.log(1 + 9 / math.e)
print(f"loss {reached:.4f}, floor ln(1 + 9/e) = {floor:.4f}")
print(f"right: {right:.0%}")

# %% noise
scales = {
    name: [noise_scale(programs[name], seed) for seed in range(seeds)]
    for name in ("sound", "labels shuffled against rows")
}
for name, values in scales.items():
    print(f"{name:29} {min(values):.0f} to {max(values):.0f} rows")

# %% check
by = {
    name: dict(zip(names, counts, strict=True))
    for name, counts in zip(programs, caught.tolist(), strict=True)
}
# No check cries wolf: the sound program passes all of them with every seed.
assert not any(by["sound"].values())
# Each fault is found by some check with every seed.
always = caught[1:] == seeds
assert always.any(axis=1).all()
faults_count, checks_count = len(faults), len(checks)
# A falling loss alone finds few of them.
falls_finds = int(always[:, 0].sum())
falls_misses = faults_count - falls_finds
assert falls_misses >= 8
missed_by_loss = by["labels shuffled against rows"]["loss falls"]
assert missed_by_loss == 0
# What each of the others is there for.
for fault, check in (
    ("labels shuffled against rows", "knows unseen rows"),
    ("labels shuffled against rows", "rows agree"),
    ("zero_grad forgotten", "gradient is right"),
    ("sign of the loss wrong", "starts at ln 10"),
    ("loss summed, not averaged", "starts at ln 10"),
    ("softmax applied twice", "learns 20 rows"),
    ("inputs not scaled", "learns 20 rows"),
    ("lr 100 times too large", "lr is near best"),
    ("layer not given to optimizer", "all parameters move"),
    ("rows mixed in the network", "rows stay apart"),
    ("evaluation with dropout on", "evaluates the same"),
    ("validation rows trained on", "no row on both sides"),
):
    assert by[fault][check] == seeds, (fault, check)
# Validation rows among the training rows are found by one check alone.
assert sum(by["validation rows trained on"].values()) == seeds
# Shuffled labels are learned by heart as well as true ones.
assert by["labels shuffled against rows"]["learns 20 rows"] == 0
twenty_finds = int(always[:, names.index("learns 20 rows")].sum())
# Labels without meaning: the noise scale is of the order of the number of rows, three times that of
# the true ones or more.
sound_least, sound_most = min(scales["sound"]), max(scales["sound"])
shuffled_least, shuffled_most = (
    min(scales["labels shuffled against rows"]),
    max(scales["labels shuffled against rows"]),
)
assert shuffled_least > 3 * sound_most
train_rows = len(y_train)
assert train_rows / 3 < shuffled_least < shuffled_most < 3 * train_rows
# Twice through softmax the best score gives e against nine times 1: the loss has a floor.
assert reached > floor
assert right == 1
alone = [
    name
    for name, row in zip(faults, always, strict=True)
    if row.sum() == 1
]
alone_count = len(alone)
