// Brings the mini-batch playgrounds of a page to life: settings in, runs and sentences out.
import { linked, listen, sharp, show, speaker } from "../playground/controls.js";
import { Descent } from "./descent.js";
import { read, write } from "./settings.js";
import { bowlOn, curveOn, rowsOn } from "./views.js";
import { sentences } from "./words.js";

const ROOT = new URL("../../", import.meta.url);
const VIEWS = { rows: rowsOn, bowl: bowlOn, curve: curveOn };
const still = matchMedia("(prefers-reduced-motion: reduce)");
const BUDGET = 6; // milliseconds of a frame that updates may take: a long run arrives in a few frames

const stops = (input) => input.dataset.values?.split(" ").map(Number);

/** Put a knob where a number lies; one with stops stands at the nearest of them. */
function reflect(input, value) {
  if (input.type !== "range") input.value = value;
  else if (stops(input)) {
    const far = (stop) => Math.abs(Math.log(stop / value));
    input.value = stops(input).reduce((best, stop, i, all) => (far(stop) < far(all[best]) ? i : best), 0);
    input.form.querySelector(`output[for="${input.id}"]`).textContent = value.toLocaleString("en");
    input.setAttribute("aria-valuetext", value.toLocaleString("en"));
  } else show(input, value);
}

async function enliven(figure) {
  const page = JSON.parse(figure.querySelector("script").textContent), { words } = page;
  const data = await (await fetch(new URL(page.data, ROOT))).json(), { choices } = data;
  [data.X, data.y] = [Float64Array.from(data.X), Float64Array.from(data.y)];
  const last = choices.updates[1];
  const form = figure.querySelector("form"), say = speaker(figure.querySelector(".status"));
  const preset = read(page.preset, choices).settings;
  let settings, ignored = [], copied = false;
  let run, kept, goal, playing = false, debt = 0, before = 0, spoken = 0, waiting = 0;

  const views = [...figure.querySelectorAll(".view")].map((view, i) => {
    const canvas = document.createElement("canvas"), name = page.views[i];
    Object.assign(canvas, { role: "img", ariaLabel: words[`view_${name}`] });
    view.append(canvas);
    return { canvas, draw: VIEWS[name](canvas) };
  });

  function draw() {
    for (const { draw: on } of views) on(run, kept, words, settings.clock);
    figure.dataset.drawn = write({ ...settings, updates: run.t });
  }

  function speak() {
    const lines = sentences(run, words);
    if (ignored.length) lines.push(words.ignored.replace("{names}", ignored.join(", ")));
    if (copied) lines.push(words.copied);
    say(lines);
  }

  const soon = () => { waiting ||= requestAnimationFrame(frame); };

  function frame(now) {
    waiting = 0;
    const until = performance.now() + BUDGET;
    if (playing) {
      debt += (settings.speed * Math.min(now - (before || now), 100)) / 1000;
      if (run.t >= goal) goal = Math.min(last, goal + Math.floor(debt));
      debt %= 1;
      before = now;
    }
    if (kept) kept.run.advance(kept.updates, until);
    run.advance(goal, until);
    const behind = !run.diverged && run.t < goal || kept && kept.run.t < kept.updates && !kept.run.diverged;
    if (!(behind && still.matches)) draw(); // who wants no motion sees the end of it alone
    if (playing && (run.diverged || run.t === last)) pause();
    if (playing || behind) soon();
    if (!behind && (!playing || now - spoken > 1000)) {
      spoken = now;
      speak();
    }
  }

  function plan() {
    const { m, lr, sampling, seed } = settings, old = run?.plan;
    if (old && old.m === m && old.lr === lr && old.sampling === sampling && old.seed === seed && goal >= run.t) return;
    run = new Descent(data, { m, lr, sampling, seed });
  }

  /** After any change: the run as it would stand after as many updates, and the form to match. */
  function changed() {
    plan();
    for (const input of form.elements) if (input.name in settings) reflect(input, settings[input.name]);
    form.elements.keep?.setAttribute("aria-pressed", String(Boolean(kept)));
    figure.querySelector(".share").href = link();
    soon();
  }

  const link = () => `?${write({ ...settings, updates: goal })}#${figure.id}`;

  function pause() {
    playing = false;
    goal = run.t;
    form.elements.play.textContent = still.matches ? words.further : words.play;
    changed();
  }

  function press(name, act) {
    form.elements[name]?.addEventListener("click", () => {
      ignored = [];
      copied = false;
      act();
    });
  }

  press("play", () => {
    if (playing) return pause();
    if (run.diverged || run.t === last) goal = 0;
    plan();
    if (still.matches) goal = Math.min(last, 10 ** (Math.floor(Math.log10(Math.max(goal, 0.5))) + 1));
    else [playing, before, debt] = [true, 0, 0];
    if (playing) form.elements.play.textContent = words.pause;
    changed();
  });
  press("step", () => {
    if (playing) pause();
    goal = Math.min(last, run.t + 1);
    changed();
  });
  press("again", () => {
    if (playing) pause();
    goal = 0;
    changed();
  });
  press("keep", () => {
    const { m, lr, sampling, seed } = settings;
    kept = kept ? null : { run, updates: run.t };
    settings.beside = kept && { m, lr, sampling, seed, updates: run.t };
    changed();
  });

  listen(form, (name, value) => {
    [ignored, copied] = [[], false];
    settings[name] = stops(form.elements[name])?.[value] ?? value;
    changed();
  });

  /** Take settings from a query: the builder's, a link's, or those of an experiment on the page. */
  function take(query) {
    if (playing) pause();
    ({ settings, ignored } = read(query, choices, preset));
    goal = settings.updates;
    const { beside } = settings;
    kept = beside && { run: new Descent(data, beside), updates: beside.updates };
    run = undefined;
    changed();
  }

  const follow = linked(figure, still, take);

  figure.querySelector(".share").addEventListener("click", async ({ currentTarget }) => {
    currentTarget.href = link(); // a run may have gone on since
    try {
      await navigator.clipboard.writeText(currentTarget.href);
      copied = true;
      speak();
    } catch { /* no clipboard here: the address has the link all the same */ }
  });

  const name = () => { form.elements.play.textContent = still.matches ? words.further : words.play; };
  still.addEventListener("change", name);
  name();
  if (!follow()) take(page.preset);
  for (const { canvas } of views) sharp(canvas, soon);
  figure.classList.add("live");
}

for (const figure of document.querySelectorAll('.playground[data-module$="minibatch/main.js"]')) enliven(figure);
