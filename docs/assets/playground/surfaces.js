// Surfaces, in the same order of operations as gdcore/objectives.py and gdcore/quadratic.py. Where
// they are made of + - * / alone, heights and slopes are gdcore's to the last bit. What the
// picture shows of a surface is written by gdcore into the page.

/** A bowl of curvatures 1 and kappa, turned by degrees. */
function bowl(kappa, turn) {
  const angle = turn * (Math.PI / 180), c = Math.cos(angle), s = Math.sin(angle);
  const xx = c * c + s * kappa * s, xy = c * s - s * kappa * c, yy = s * s + c * kappa * c;
  return {
    value: (x, y) => (x * (xx * x + xy * y) + y * (xy * x + yy * y)) / 2,
    slopes: (x, y) => [xx * x + xy * y, xy * x + yy * y],
    /** Curvatures along the principal axes that a run from (x, y) can feel. */
    curvatures: (x, y) => [c * x + s * y && 1, c * y - s * x && kappa].filter(Boolean),
  };
}

const saddle = {
  value: (x, y) => (x * x - y * y) / 2 + y ** 4 / 4,
  slopes: (x, y) => [x, -y + y ** 3],
};

const rosenbrock = {
  value(x, y) {
    const a = 1 - x, b = y - x * x;
    return a * a + 100 * (b * b);
  },
  slopes: (x, y) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
};

const beale = {
  value(x, y) {
    const r1 = 1.5 - x * (1 - y), r2 = 2.25 - x * (1 - y * y), r3 = 2.625 - x * (1 - y ** 3);
    return r1 * r1 + r2 * r2 + r3 * r3;
  },
  slopes(x, y) {
    const r1 = 1.5 - x * (1 - y), r2 = 2.25 - x * (1 - y * y), r3 = 2.625 - x * (1 - y ** 3);
    return [
      -2 * (r1 * (1 - y) + r2 * (1 - y * y) + r3 * (1 - y ** 3)),
      2 * x * (r1 + 2 * y * r2 + 3 * (y * y) * r3),
    ];
  },
};

const himmelblau = {
  value(x, y) {
    const u = x * x + y - 11, v = x + y * y - 7;
    return u * u + v * v;
  },
  slopes(x, y) {
    const u = x * x + y - 11, v = x + y * y - 7;
    return [4 * x * u + 2 * v, 2 * u + 4 * y * v];
  },
};

const fixed = { saddle, rosenbrock, beale, himmelblau };

export const surfaceOf = ({ surface, kappa, turn }) => fixed[surface] ?? bowl(kappa, turn);
