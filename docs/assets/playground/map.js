// The surface from above: level lines, minima, the start, and the way of every run.

import { contour, grid, levels } from "./contour.js";
import { frame, line, ticks } from "./frame.js";

const plain = (value) => String(value).replace("-", "−");

/** Return a function that draws runs, each { look, run }, as far as step `shown`, on a surface. */
export function mapOn(canvas) {
  let drawn, heights, at, lines, back;
  const draw = (surface, { domain: [[left, right], [low, high]], minima }, runs, shown) => {
    const { context, px, py, ink, soft, ...more } = frame(
      canvas,
      { low: left, high: right, ticks: ticks(left, right), label: "w₁", text: plain },
      { low, high, ticks: ticks(low, high), label: "w₂", text: plain });
    back = more.back;
    if (drawn?.surface !== surface) {
      heights = grid(surface, [[left, right], [low, high]]);
      at = levels(heights);
    }
    const size = `${canvas.width}x${canvas.height}`;
    if (drawn?.surface !== surface || drawn.size !== size) {
      lines = new Path2D();
      const x0 = px(left), y0 = py(low), wide = px(right) - x0, tall = py(high) - y0;
      contour(heights, at, (x1, y1, x2, y2) => {
        lines.moveTo(x0 + x1 * wide, y0 + y1 * tall);
        lines.lineTo(x0 + x2 * wide, y0 + y2 * tall);
      });
      drawn = { surface, size };
    }
    context.globalAlpha = 0.6;
    context.strokeStyle = soft;
    context.lineWidth = 0.8;
    context.stroke(lines);
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.lineWidth = 1.4;
    context.beginPath();
    for (const [x, y] of minima) {
      context.moveTo(px(x) - 5, py(y));
      context.lineTo(px(x) + 5, py(y));
      context.moveTo(px(x), py(y) - 5);
      context.lineTo(px(x), py(y) + 5);
    }
    context.stroke();
    // Far out of the picture a line would be millions of dashes: stay near.
    const near = (value) => Math.max(-2000, Math.min(4000, value));
    for (const { look, run } of runs) {
      const xs = [], ys = [];
      for (let t = 0; t <= Math.min(shown, run.made); t++) {
        if (!Number.isFinite(run.x[t]) || !Number.isFinite(run.y[t])) break;
        xs.push(near(px(run.x[t])));
        ys.push(near(py(run.y[t])));
      }
      line(context, look, xs, ys, xs.length <= 250);
    }
    if (!runs.length) return;
    const { x, y } = runs[0].run;
    context.strokeStyle = ink;
    context.lineWidth = 1.6;
    context.beginPath();
    context.arc(px(x[0]), py(y[0]), 6, 0, 7);
    context.stroke();
  };
  draw.point = (event) => back(event.offsetX, event.offsetY);
  return draw;
}

/** Let pointer and arrow keys on the map choose the start: `moved(x, y)`. */
export function steer(canvas, draw, start, domain, moved) {
  const to = (event) => moved(...draw.point(event));
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button) return; // a finger may be about to scroll
    canvas.setPointerCapture(event.pointerId);
    to(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId) && event.pointerType !== "touch") to(event);
  });
  canvas.addEventListener("click", to); // a tap, once it is sure to be one
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const size = event.shiftKey ? 0.1 : 0.01, [x, y] = start(), [across, up] = domain();
    moved(x + way[0] * size * (across[1] - across[0]), y + way[1] * size * (up[1] - up[0]));
  });
}
