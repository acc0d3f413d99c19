# %% [markdown] lang="en"
# # Three options, and what they are worth here
#
# A compiled model, bfloat16 and channels last: time of an update with each, over that without.
# Recorded by `bench/options.py`.

# %% [markdown] lang="zh"
# # 三个选项，在这里值不值
#
# 编译模型、bfloat16、通道后置：用上之后一次更新的时间，除以不用时的时间。数据由 `bench/options.py` 录得。

# %% ratios
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

record = Path(gd.__file__).parents[1] / "snippets/measured/options.json"
measured = json.loads(record.read_text())
rows = [row for row in measured["rows"] if row["option"] != "plain"]
models = {"mlp": "MLP", "cnn": "small CNN"}
looks = {
    "compiled": ("s", plot.BATCH["color"]),
    "bfloat16": ("o", plot.MINI_BATCH["color"]),
    "channels last": ("^", plot.STOCHASTIC["color"]),
}

fig, axes = plt.subplots(2, 1, figsize=(4.4, 5), sharex=True)
for ax, (model, title) in zip(axes, models.items(), strict=True):
    for option, (marker, color) in looks.items():
        chosen = [
            r
            for r in rows
            if r["model"] == model and r["option"] == option
        ]
        if not chosen:
            continue
        sizes = [r["batch_size"] for r in chosen]
        ratios = [r["ratio"] for r in chosen]
        ends = np.transpose([r["ratio_min_max"] for r in chosen])
        ax.errorbar(
            sizes,
            ratios,
            yerr=abs(ends - ratios),
            marker=marker,
            color=color,
            linewidth=1.2,
            capsize=2,
            label=option,
        )
    ax.axhline(1, color=plot.INK, linewidth=0.8)
    ax.set(
        xscale="log",
        yscale="log",
        ylabel=f"time of an update: {title}",
    )
    ax.minorticks_off()
    ax.set_xticks(sizes, [f"{m:,}" for m in sizes])
    ax.set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
axes[-1].set_xlabel("batch size")
handles, labels = axes[-1].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside upper left", ncols=3)
plt.show()

# %% check
by = {
    (r["model"], r["option"], r["batch_size"]): r["ratio"] for r in rows
}
# On this processor bfloat16 costs in every case that was measured.
bfloat16 = [
    v for (_, option, _), v in by.items() if option == "bfloat16"
]
assert min(bfloat16) > 1
bfloat16_least, bfloat16_most = min(bfloat16), max(bfloat16)
# Channels last pays for the convolutions.
last = [
    v for (_, option, _), v in by.items() if option == "channels last"
]
assert max(last) < 1
last_least, last_most = min(last), max(last)
# Compiling costs where updates are small.
small = [by[model, "compiled", 16] for model in models]
assert min(small) > 1
compiled_mlp, compiled_cnn = small
compiled_best = min(
    v for (_, option, _), v in by.items() if option == "compiled"
)
device = measured["device"]
