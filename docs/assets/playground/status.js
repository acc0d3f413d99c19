// What became of the runs, in sentences: the reason where theory has one, else what was seen.

export const tenTo = (power) =>
  `10${String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;

/** A number as prose writes it. */
export function written(number, digits = 3) {
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [mantissa, power] = number.toExponential(digits - 2).split("e");
    return `${mantissa.replace("-", "−")} × ${tenTo(+power)}`;
  }
  return String(+number.toPrecision(digits)).replace("-", "−");
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name])
    .replace(/(\p{sc=Han}) (?=\p{sc=Han})/gu, "$1"); // a space is for names in Latin letters
}

/** The minimum that a run has come to, if any. */
function arrival(run, { minima, domain: [[left, right]] }) {
  const x = run.x.at(-1), y = run.y.at(-1);
  return minima.find(([a, b]) => Math.hypot(x - a, y - b) < 0.02 * (right - left));
}

/**
 * Say what became of one run.
 *
 * `known` is its theory, if there is one, `place` what the page knows of the surface, `lowest` the
 * height of the minima, and `words` the sentences by name.
 */
export function sentence({ run, rule, lr, noise, known, place, lowest, words }) {
  const say = (name, values) =>
    fill(words[name], { rule: words[rule], lr: written(lr, 6), step: run.made, ...values });
  const bound = known && { formula: known.formula, limit: written(known.limit, 4) };
  const above = (heights) => written(mean(heights) - lowest);
  if (run.stop === "diverged") {
    if (!known || noise) return say("leaves");
    return say(lr > known.limit ? "diverges" : "swings", bound);
  }
  if (run.stop === "converged") {
    const minimum = arrival(run, place);
    const [x, y] = (minimum ?? [run.x.at(-1), run.y.at(-1)]).map((v) => written(+v.toFixed(3)));
    return say(minimum ? "arrives" : "rests", { x, y });
  }
  if (known && lr >= known.limit) return say("unsettled", bound);
  if (!noise) {
    const height = above(run.heights.slice(-1));
    if (!known) return say("moving", { height });
    return say("shrinks", { height, percent: written(100 * (1 - known.rate), 2) });
  }
  const quarter = Math.ceil(run.heights.length / 4);
  const [third, fourth] = [run.heights.slice(-2 * quarter, -quarter), run.heights.slice(-quarter)];
  if (mean(fourth) - lowest < 0.5 * (mean(third) - lowest))
    return say("falls", { height: above(fourth) });
  const height = above(run.heights.slice(-2 * quarter));
  return known ? say("floor", { height, floor: written(known.floor) }) : say("hovers", { height });
}
