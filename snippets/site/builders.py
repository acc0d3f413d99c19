# %% [markdown] lang="en"
# # Seven ways to keep a page true
#
# Twelve scripts, five kinds of edit, seven tools: how long each takes until the site is built
# again, and whether its pages then show what the scripts say. Recorded by `bench/peers.py`.

# %% [markdown] lang="zh"
# # 让页面不过时的七种工具
#
# 十二个脚本，五种改动，七种工具：每种工具要多久才能重新建好网站，建好的页面又是否与脚本一致。
# 数据由 `bench/peers.py` 录得。

# %% table
import json
from pathlib import Path

import matplotlib.pyplot as plt

import gdcore as gd
from gdcore import plot

plt.style.use(plot.STYLE)

measured = Path(gd.__file__).parents[1] / "snippets/measured"
rows = json.loads((measured / "peers.json").read_text())["rows"]
edits = list(dict.fromkeys(row["row"] for row in rows))
tools = list(dict.fromkeys(row["tool"] for row in rows))
by = {(row["tool"], row["row"]): row for row in rows}

print("seconds; ! = a page shows what is no longer true")
heads = ("cold", "nothing", "script", "module", "prose")
print(" " * 16, *(f"{head:>8}" for head in heads))
for tool in tools:
    cells = [by[tool, edit] for edit in edits]
    texts = [
        f"{c['seconds']:.1f}{' ' if c['right'] else '!'}" for c in cells
    ]
    print(f"{tool:16}", *(f"{text:>8}" for text in texts))

# %% seconds
fig, ax = plt.subplots(figsize=(4.4, 3.6))
for height, edit in enumerate(edits):
    for tool in tools:
        if tool == "gdcore":
            continue
        row = by[tool, edit]
        ax.plot(
            row["seconds"],
            height,
            "o" if row["right"] else "x",
            color=plot.GREY,
            markerfacecolor="none",
            markersize=7,
        )
        ends = row["seconds_min_max"]
        ax.plot(ends, [height] * 2, color=plot.GREY, lw=0.8)
    own, ends = (
        by["gdcore", edit][key]
        for key in ("seconds", "seconds_min_max")
    )
    ax.plot(own, height, "D", color=plot.MINI_BATCH["color"])
    ax.plot(ends, [height] * 2, color=plot.MINI_BATCH["color"])
looks = (
    ("this site's builder", "D", plot.MINI_BATCH["color"], None),
    ("other tools", "o", plot.GREY, "none"),
    ("other tools, stale page", "x", plot.GREY, None),
)
for label, marker, color, face in looks:
    style = {"color": color, "markerfacecolor": face or color}
    ax.plot([], [], marker, label=label, **style)
ax.set(
    xscale="log",
    xlabel="seconds",
    yticks=range(len(edits)),
    yticklabels=edits,
)
ax.minorticks_off()
ax.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
ax.invert_yaxis()
fig.legend(loc="outside upper left")
plt.show()

# %% check
# After an edit of an imported module all tools but two leave pages that are no longer true.
module = "imported module edited"
stale = sorted({row["tool"] for row in rows if not row["right"]})
assert all(row["row"] == module for row in rows if not row["right"])
assert set(tools) - set(stale) == {"gdcore", "markdown-exec"}
stale_tools = len(stale)
other_tools = len(tools) - 1
# The other that is right runs everything, always; this builder runs what must run, and no more.
always = {by["markdown-exec", edit]["ran"] for edit in edits}
assert always == {12}
assert all(
    by["gdcore", edit]["ran"] == by["gdcore", edit]["must_run"]
    for edit in edits
)
# Where every script runs in a kernel of its own, a cold build takes longer.
cold = {tool: by[tool, "cold"]["seconds"] for tool in tools}
cold_own, cold_slowest = cold["gdcore"], max(cold.values())
kernels = ("mkdocs-jupyter", "myst-nb", "jupyter-book")
assert all(cold[tool] > 1.5 * cold["gdcore"] for tool in kernels)
# mkdocs-gallery, which runs all in one process, is not slower: our fork server starts first.
cold_gallery = cold["mkdocs-gallery"]
gallery_ratio = cold_own / cold_gallery
assert 1 < gallery_ratio < 1.5
# After an edit of a module six runs of their own, with a notebook page each, take longer than all
# twelve in one process.
module_own = by["gdcore", module]["seconds"]
module_always = by["markdown-exec", module]["seconds"]
assert 1 < module_own / module_always < 2
# Nor is a small edit quicker here than there.
edit_own = by["gdcore", "one script edited"]["seconds"]
edit_gallery = by["mkdocs-gallery", "one script edited"]["seconds"]
assert 1 < edit_own / edit_gallery < 3

many = json.loads((measured / "many_snippets.json").read_text())["rows"]
many_wall, many_own = many[0]["wall_seconds"], many[0]["own_seconds"]
many_unchanged = many[0]["unchanged_seconds"]
many_peak_gb = many[0]["peak_bytes"] / 1e9
