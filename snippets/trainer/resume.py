# %% [markdown] lang="en"
# # Stopped, and gone on with
#
# A training with momentum, dropout and a schedule is stopped in the middle of an epoch, put on
# disk and gone on with by a new trainer. Then parts of the checkpoint are left out, one by one.

# %% [markdown] lang="zh"
# # 停下，再接着训练
#
# 一次带动量、dropout 和学习率安排的训练，在一轮的中间停下，存到磁盘上，由一个新的训练器接着做。
# 然后把检查点里的各部分逐一漏掉。

# %% data
import logging
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

import gdcore as gd
from gdcore import plot
from gdcore.torch import ResidentBatches, Trainer, checkpoint, choose

plt.style.use(plot.STYLE)
torch.set_num_threads(1)
logging.getLogger("gdcore").setLevel(logging.ERROR)

device = choose("auto")
X, y = gd.datasets.digits()
m, epochs, lr, stop_at = 128, 10, 0.1, 62
batches = ResidentBatches(
    X, y, batch_size=m, seed=0, device=device, dtype=torch.float32
)
updates = epochs * len(batches)
schedule = gd.schedules.Cosine(lr, steps=updates)


def new_trainer():
    torch.manual_seed(0)  # the start, and what dropout draws
    model = torch.nn.Sequential(
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(64, 10),
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    loss_fn = torch.nn.CrossEntropyLoss()
    return Trainer(model, loss_fn, optimizer, lr=schedule)


# %% interrupt
class CtrlC(ResidentBatches):
    """Deal batches, until somebody presses Ctrl-C."""

    def __init__(self, batches, after):
        self.__dict__.update(vars(batches))
        self.after = after

    def epoch(self, epoch):
        for batch in super().epoch(epoch):
            if not self.after:
                raise KeyboardInterrupt
            self.after -= 1
            yield batch


folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "training.pt"

first = new_trainer()
history = first.fit(
    CtrlC(batches, stop_at), epochs=epochs, progress=False
)
checkpoint.save(file, first)
print(f"{history.stop}: {first.epoch} epochs, {first.done} updates")

# %% resume
second = new_trainer()
checkpoint.load(file, second)
second.fit(batches, epochs=epochs - second.epoch, progress=False)

straight = new_trainer()
straight.fit(batches, epochs=epochs, progress=False)

pairs = zip(
    straight.model.parameters(), second.model.parameters(), strict=True
)
same = all(torch.equal(*pair) for pair in pairs)
print("every bit the same:", same)


# %% parts
def rest(leave_out=None):
    """Load, lose a part, go on; return the path."""
    trainer = new_trainer()
    checkpoint.load(file, trainer)
    if leave_out:
        leave_out(trainer)
    path = []
    for _ in range(stop_at, updates):
        order = list(batches.epoch(trainer.epoch))
        trainer.model.train()
        trainer.set_lr(schedule(trainer.step))
        trainer.update(*order[trainer.done])
        trainer.step += 1
        trainer.done += 1
        if trainer.done == len(order):
            trainer.epoch, trainer.done = trainer.epoch + 1, 0
        w = parameters_to_vector(trainer.model.parameters())
        path.append(w.detach().cpu().numpy())
    return np.array(path), trainer.evaluate(batches)


def no_optimizer(trainer):
    trainer.optimizer.state.clear()  # velocities


def no_schedule(trainer):
    trainer.step = 0  # updates made: the schedule begins anew


def no_order(trainer):
    trainer.epoch = trainer.done = 0  # place in the data


def no_random_state(trainer):
    torch.manual_seed(1)  # dropout draws something else


def weights_alone(trainer):
    for lose in (no_optimizer, no_schedule, no_order, no_random_state):
        lose(trainer)


lost = {
    "optimizer": (no_optimizer, plot.RULES["momentum"]),
    "place in the schedule": (no_schedule, plot.RULES["adagrad"]),
    "place in the data": (no_order, plot.RULES["adam"]),
    "random state": (no_random_state, plot.RULES["rmsprop"]),
    "all but the weights": (weights_alone, plot.RULES["sgd"]),
}
whole, loss_whole = rest()
start = parameters_to_vector(new_trainer().model.parameters())
way = np.linalg.norm(whole[-1] - start.detach().cpu().numpy())

fig, ax = plt.subplots(figsize=(4.4, 3.8))
ends, losses = {}, {}
for name, (leave_out, look) in lost.items():
    path, losses[name] = rest(leave_out)
    distance = np.linalg.norm(path - whole, axis=1) / way
    ends[name] = distance[-1]
    ax.plot(
        np.arange(stop_at + 1, updates + 1),
        distance,
        label=name,
        **look,
    )
    print(f"{name:22} {ends[name]:6.2%} off, loss {losses[name]:.4f}")
print(f"{'nothing left out':22} {0:6.2%} off, loss {loss_whole:.4f}")
ax.set(
    xlabel="updates",
    ylabel="off the undisturbed run, relative",
    yscale="log",
    title=f"momentum 0.9, lr {lr} falling, batch size {m}",
)
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% check
# Interrupted in mid-epoch, and on the CPU no bit differs.
interrupted = history.stop
assert interrupted == "interrupted"
done_epochs, done_updates = divmod(stop_at, len(batches))
assert (first.epoch, first.done) == (done_epochs, done_updates)
assert same or device.type != "cpu"
assert (
    not (
        whole[-1]
        - parameters_to_vector(straight.model.parameters())
        .detach()
        .cpu()
        .numpy()
    ).any()
    or device.type != "cpu"
)
# A schedule begun anew keeps the learning rate up, and the loss ends lowest.
loss_schedule = losses["place in the schedule"]
assert loss_schedule == min(losses.values())
assert loss_schedule < 0.8 * loss_whole
# Whatever is left out, another path comes of it.
least_off = min(ends.values())
assert least_off > 0.005
optimizer_off, schedule_off = (
    ends["optimizer"],
    ends["place in the schedule"],
)
order_off, random_off = ends["place in the data"], ends["random state"]
weights_off = ends["all but the weights"]
folder.cleanup()
