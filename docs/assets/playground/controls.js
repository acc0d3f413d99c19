// A form of knobs. What is set lives in a plain object; a range input only shows it: a slider on a
// logarithmic scale has no position for most numbers that are asked for.

/** The number that a range input stands at: three digits on a logarithmic scale. */
export function reading(input) {
  const at = +input.value;
  switch (input.dataset.scale) {
    case "log": return +(10 ** at).toPrecision(3);
    case "log0": return at === +input.min ? 0 : +(10 ** at).toPrecision(2); // the left end is off
    case "count": return Math.round(10 ** at);
    default: return at;
  }
}

/** Put a range input where a number lies, and say the number beside it and to screen readers. */
export function show(input, value) {
  const linear = !input.dataset.scale;
  input.value = linear ? value : value > 0 ? Math.log10(value) : input.min;
  const text = String(value).replace("-", "−");
  const beside = input.form.querySelector(`output[for="${input.id}"]`);
  if (beside && beside.textContent !== text) beside.textContent = text;
  input.setAttribute("aria-valuetext", text);
}

/** Tell `changed(name, value)` of every knob that is turned in a form; names are the inputs' own. */
export function listen(form, changed) {
  form.addEventListener("input", ({ target }) => {
    const value = { checkbox: () => target.checked, range: () => reading(target) }[target.type];
    changed(target.name, value ? value() : target.value);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

/** Call `draw` once before the next frame, however often it is asked for. */
export function oncePerFrame(draw) {
  let waiting = 0;
  return () => { waiting ||= requestAnimationFrame(() => { waiting = 0; draw(); }); };
}

/** Say a sentence in a live region: when the knobs rest, and only what is new. */
export function speaker(region, rest = 250) {
  let timer = 0;
  return (lines) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if ([...region.children].map((line) => line.textContent).join() === lines.join()) return;
      region.replaceChildren(...lines.map((text) => {
        const line = document.createElement("span");
        line.textContent = text;
        return line;
      }));
    }, rest);
  };
}

/** Take settings from links, `?settings#id`; returns a function that takes the address's. */
export function linked(figure, still, take) {
  const go = (search) => {
    take(search.slice(1));
    figure.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  };
  const mine = (link) => link.hash === `#${figure.id}` && link.search;
  const follow = () => mine(location) && !go(location.search);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!link || !mine(link) || link.pathname !== location.pathname) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    go(link.search);
  });
  addEventListener("popstate", follow);
  return follow;
}

/** Keep a canvas as sharp as the screen, and call `draw` when its size or the colours change. */
export function sharp(canvas, draw) {
  new ResizeObserver(() => {
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    draw();
  }).observe(canvas);
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}
