"""Imported once by the fork server: slow first uses are paid here and not in every run."""

import io
import os

import matplotlib as mpl

from sitebuild.cache import machinery

mpl.use("agg")
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.semilogy([1, 2], label="$x$")
ax.legend()
fig.savefig(io.StringIO(), format="svg")
plt.close(fig)
plt.rcdefaults()

machinery()

if os.environ.get("SITEBUILD_WARM_TORCH"):
    import torch

    # A step but no backward(), which would start threads, and a process with threads must not fork.
    torch.set_num_threads(1)
    torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), 0.1).step()
