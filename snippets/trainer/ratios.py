# %% [markdown] lang="en"
# # What a trainer costs
#
# One MLP, one optimizer, one set of rows: seconds of an update with this trainer, with six others,
# and with loops by hand, as a ratio to the usual DataLoader loop. Recorded by `bench/trainer.py`.

# %% [markdown] lang="zh"
# # 训练器要花多少时间
#
# 同一个 MLP、同一个优化器、同样的数据：本站的训练器、另外六种训练器和几种手写循环，每次更新要多少秒，
# 一律除以常见的 DataLoader 循环所用的时间。数据由 `bench/trainer.py` 录得。

# %% ratios
import json
from pathlib import Path

import matplotlib.pyplot as plt

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

record = Path(gd.__file__).parents[1] / "snippets/measured/trainer.json"
rows = [
    row
    for row in json.loads(record.read_text())["rows"]
    if "absent" not in row
]
cases = list(dict.fromkeys((r["data"], r["batch_size"]) for r in rows))
names = list(dict.fromkeys(r["contestant"] for r in rows))
keys = [(r["data"], r["batch_size"], r["contestant"]) for r in rows]
ratio = dict(
    zip(keys, [r["ratio_to_dataloader"] for r in rows], strict=True)
)
ends = dict(
    zip(
        keys,
        [r["ratio_to_dataloader_min_max"] for r in rows],
        strict=True,
    )
)
peers = [
    n for n in names if n.lower() == n and n not in ("gdcore", "bare")
]
peers = [n for n in peers if n != "bare shuffled"]

fig, ax = plt.subplots(figsize=(4.4, 5.2))
for height, (data, m) in enumerate(cases):
    for name in peers:
        ax.plot(
            ratio[data, m, name],
            height,
            "o",
            color=plot.GREY,
            markerfacecolor="none",
        )
        ax.plot(
            ends[data, m, name], [height] * 2, color=plot.GREY, lw=0.8
        )
    ax.plot(ratio[data, m, "bare"], height, "|", color=plot.INK, ms=11)
    own = plot.MINI_BATCH["color"]
    ax.plot(ends[data, m, "gdcore"], [height] * 2, color=own)
    ax.plot(ratio[data, m, "gdcore"], height, "D", color=own)
for label, marker, color, face in (
    ("this trainer", "D", plot.MINI_BATCH["color"], None),
    ("other trainers", "o", plot.GREY, "none"),
    ("bare loop, rows in place", "|", plot.INK, None),
):
    style = {"color": color, "markerfacecolor": face or color}
    ax.plot([], [], marker, label=label, **style)
ax.axvline(1, color=plot.INK, linewidth=0.8)
ax.set(
    xscale="log",
    xlabel="update time (DataLoader loop = 1)",
    yticks=range(len(cases)),
    yticklabels=[f"{data}, m = {m:,}" for data, m in cases],
)
ax.minorticks_off()
ax.set_xticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
ax.invert_yaxis()
fig.legend(loc="outside upper left")
plt.show()

# %% table
print("ratio to the DataLoader loop")
print(f"{'':24}" + "".join(f"{name[:9]:>10}" for name in names[1:]))
for data, m in cases:
    cells = "".join(
        f"{ratio[data, m, name]:10.2f}" for name in names[1:]
    )
    print(f"{data + ', ' + format(m, ','):24}{cells}")

# %% check
# How long an update takes here, over that of another in the same round.
over = {
    key: (row["ratio_of_ours"], *row["ratio_of_ours_min_max"])
    for key, row in zip(keys, rows, strict=True)
}
ahead = [
    case
    for case in cases
    if max(over[*case, peer][0] for peer in peers) < 1
]
cases_count, ahead_count, peer_count = (
    len(cases),
    len(ahead),
    len(peers),
)
assert ahead_count >= cases_count - 1
slowest_peer = max(ratio[*case, p] for case in cases for p in peers)
own_digits_128, own_128_least, own_128_most = over[
    "digits", 128, "DataLoader"
]
own_digits_1, own_1_least, own_1_most = over["digits", 1, "DataLoader"]
assert own_128_most < 0.6
over_bare, bare_least, bare_most = over["digits", 128, "bare"]
over_shuffled, shuffled_least, shuffled_most = over[
    "digits", 128, "bare shuffled"
]
