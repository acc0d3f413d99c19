// Level lines by marching squares, with the grid and the levels of gdcore.plot.contour.

const POINTS = 121, LEVELS = 14;

/** Heights on the grid, row by row from the lowest y. */
export function grid({ value }, [[left, right], [low, high]]) {
  const heights = new Float64Array(POINTS * POINTS), last = POINTS - 1;
  for (let j = 0; j < POINTS; j++)
    for (let i = 0; i < POINTS; i++)
      heights[j * POINTS + i] =
        value(left + i * ((right - left) / last), low + j * ((high - low) / last));
  return heights;
}

/** Levels spaced evenly in the logarithm of the height above the lowest point of the grid. */
export function levels(heights) {
  let low = Infinity, high = -Infinity;
  for (const height of heights) {
    if (height < low) low = height;
    if (height > high) high = height;
  }
  const first = Math.log10(Math.max((high - low) * 1e-4, 1e-12)), last = Math.log10(high - low);
  return Array.from({ length: LEVELS }, (_, k) =>
    low + 10 ** (first + k * (last - first) / (LEVELS - 1)));
}

// The edges of a cell that a line joins, by which corners lie above: 0 bottom, 1 right, 2 top, 3
// left; corners 1, 2, 4, 8 from the lower left, counterclockwise. 5 and 10 have two lines.
const JOINS = [[], [3, 0], [0, 1], [3, 1], [1, 2], [3, 0, 1, 2], [0, 2], [3, 2],
  [2, 3], [2, 0], [0, 1, 2, 3], [2, 1], [1, 3], [1, 0], [0, 3], []];

/** Call `segment(x1, y1, x2, y2)` for every piece of every level line; the grid is 0 to 1 wide. */
export function contour(heights, at, segment) {
  const last = POINTS - 1, edge = new Float64Array(8);
  for (let j = 0; j < last; j++) {
    for (let k = j * POINTS, i = 0; i < last; i++, k++) {
      const a = heights[k], b = heights[k + 1], c = heights[k + POINTS + 1], d = heights[k + POINTS];
      for (let n = 0; n < at.length; n++) {
        const level = at[n];
        let above = (a >= level) + 2 * (b >= level) + 4 * (c >= level) + 8 * (d >= level);
        if (above === 15) continue;
        if (above === 0) break; // and below every level that follows
        // Two corners across: joined if the middle lies above, too.
        if ((above === 5 || above === 10) && a + b + c + d >= 4 * level) above = 15 - above;
        edge[0] = i + (level - a) / (b - a); edge[1] = j;
        edge[2] = i + 1; edge[3] = j + (level - b) / (c - b);
        edge[4] = i + (level - d) / (c - d); edge[5] = j + 1;
        edge[6] = i; edge[7] = j + (level - a) / (d - a);
        for (let join = JOINS[above], m = 0; m < join.length; m += 2) {
          const from = 2 * join[m], to = 2 * join[m + 1];
          segment(edge[from] / last, edge[from + 1] / last, edge[to] / last, edge[to + 1] / last);
        }
      }
    }
  }
}
