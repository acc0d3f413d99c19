// Brings the playgrounds of a page to life: settings in, runs and sentences out.

import { chart } from "./chart.js";
import { linked, listen, oncePerFrame, sharp, show, speaker } from "./controls.js";
import { ceiling, descend } from "./descend.js";
import { mapOn, steer } from "./map.js";
import { read, write } from "./settings.js";
import { sentence } from "./status.js";
import { surfaceOf } from "./surfaces.js";
import { theory } from "./theory.js";

const ROOT = new URL("../../", import.meta.url);
const still = matchMedia("(prefers-reduced-motion: reduce)");

async function enliven(figure) {
  const world = JSON.parse(figure.querySelector("script").textContent), { words } = world;
  world.tape = await (await fetch(new URL(world.tape, ROOT))).json();
  const form = figure.querySelector("form"), say = speaker(figure.querySelector(".status"));
  const [mapCanvas, chartCanvas] = [...figure.querySelectorAll(".view")].map((view) => {
    const canvas = document.createElement("canvas");
    view.append(canvas);
    return canvas;
  });
  Object.assign(mapCanvas, { tabIndex: 0, role: "application", ariaLabel: words.map });
  Object.assign(chartCanvas, { role: "img", ariaLabel: words.chart });
  const preset = read(world.preset, world).settings;
  let settings = structuredClone(preset), ignored = [], shown = Infinity, copied = false;
  let surface, key, runs, playing = 0;

  const place = () => world.surfaces[settings.surface];

  function run() {
    const { surface: name, kappa, turn } = settings, now = [name, kappa, turn].join();
    if (now !== key) [surface, key] = [surfaceOf(settings), now];
    const { domain, minima } = place(), max = ceiling(surface, domain);
    const lowest = Math.min(...minima.map(([x, y]) => surface.value(x, y)));
    const { x, y, noise } = settings;
    const felt = surface.curvatures && (noise ? [1, kappa] : surface.curvatures(x, y));
    runs = Object.keys(world.looks).filter((rule) => settings.on.includes(rule)).map((rule) => {
      const lr = settings.lr[rule], own = { ...settings, rule, lr };
      const known = theory(own, felt);
      const made = descend({ ...own, surface, start: [x, y], max, tape: world.tape });
      const floor = known && noise && lr < known.limit ? known.floor : 0;
      return { rule, lr, look: world.looks[rule], run: made, known, floor };
    });
    return { max, lowest };
  }

  function draw() {
    const { max, lowest } = run(), { steps, noise } = settings;
    mapOn_(surface, place(), runs, shown);
    chart(chartCanvas, runs, { lowest, steps, max, shown, words });
    const lines = runs.map((each) => sentence({ ...each, noise, place: place(), lowest, words }));
    if (!runs.length) lines.push(words.none);
    if (ignored.length) lines.push(words.ignored.replace("{names}", ignored.join(", ")));
    if (copied) lines.push(words.copied);
    say(lines);
    figure.dataset.drawn = write(settings);
  }
  const mapOn_ = mapOn(mapCanvas), soon = oncePerFrame(draw);

  function reflect() {
    for (const input of form.elements) {
      const { name, type } = input;
      const bowl = name === "kappa" || name === "turn";
      if (bowl) input.closest(".knob").hidden = settings.surface !== "bowl";
      if (name === "x" || name === "y") {
        const [min, max] = place().domain["xy".indexOf(name)];
        Object.assign(input, { min, max, step: (max - min) / 300 });
      }
      if (name === "shown") {
        input.max = settings.steps;
        show(input, Math.min(shown, settings.steps));
      } else if (name.startsWith("on-")) input.checked = settings.on.includes(name.slice(3));
      else if (name.startsWith("lr-")) {
        const rule = name.slice(3);
        input.disabled = !settings.on.includes(rule);
        show(input, settings.lr[rule]);
      } else if (type === "range") show(input, settings[name]);
      else if (name in settings) input.value = settings[name];
    }
    figure.querySelector(".share").href = link();
  }

  const link = () => `?${write(settings)}#${figure.id}`;

  function changed() {
    ignored = [];
    copied = false;
    reflect();
    soon();
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    form.elements.play.textContent = words.play;
  }

  listen(form, (name, value) => {
    const rule = name.slice(3); // of on-sgd or lr-sgd
    if (name === "shown") {
      stop();
      shown = value >= settings.steps ? Infinity : value;
    } else if (name.startsWith("on-")) {
      settings.on = value ? [...settings.on, rule] : settings.on.filter((each) => each !== rule);
    } else if (name.startsWith("lr-")) settings.lr[rule] = value;
    else if (name === "surface") {
      const [x, y] = world.surfaces[value].start;
      Object.assign(settings, { surface: value, x, y });
    } else settings[name] = name === "x" || name === "y" ? +value.toPrecision(4) : value;
    changed();
  });

  steer(mapCanvas, mapOn_, () => [settings.x, settings.y], () => place().domain, (x, y) => {
    const [across, up] = place().domain;
    const inside = (value, [min, max]) => +Math.min(max, Math.max(min, value)).toPrecision(4);
    Object.assign(settings, { x: inside(x, across), y: inside(y, up) });
    changed();
  });

  form.addEventListener("submit", () => {
    if (playing) {
      stop();
      return;
    }
    const longest = Math.max(1, ...runs.map(({ run }) => run.made));
    const begun = performance.now(), pace = Math.min(80, 6000 / longest);
    form.elements.play.textContent = words.pause;
    const tick = (now) => {
      const at = still.matches ? longest : Math.max(0, Math.floor((now - begun) / pace));
      shown = at >= longest ? Infinity : at;
      reflect();
      draw();
      if (shown < longest) playing = requestAnimationFrame(tick);
      else stop();
    };
    playing = requestAnimationFrame(tick);
  });

  form.elements.again.addEventListener("click", () => {
    stop();
    [settings, shown] = [structuredClone(preset), Infinity];
    changed();
  });

  figure.querySelector(".share").addEventListener("click", async ({ currentTarget }) => {
    try {
      await navigator.clipboard.writeText(currentTarget.href);
      copied = true;
      draw();
    } catch { /* no clipboard here: the address has the link all the same */ }
  });

  const follow = linked(figure, still, (query) => {
    if (query === write(settings)) return;
    stop();
    shown = Infinity;
    ({ settings, ignored } = read(query, world, preset));
    const asked = ignored;
    changed();
    ignored = asked;
  });

  reflect();
  follow();
  for (const canvas of [mapCanvas, chartCanvas]) sharp(canvas, draw);
  draw();
  figure.classList.add("live");
}

for (const figure of document.querySelectorAll('.playground[data-module$="playground/main.js"]'))
  enliven(figure);
