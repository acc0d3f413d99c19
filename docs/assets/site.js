// The link to the other language keeps the section that the reader is in, and a playground's settings.
const other = document.querySelector(".other-language");
const keep = () => {
  other.hash = location.hash;
  if (location.hash.startsWith("#play-")) other.search = location.search;
};
for (const event of ["pointerover", "focus", "click"]) other?.addEventListener(event, keep);

// A copy button that gives more than the block shows says so; the bar it sits in is no landmark.
const more = { zh: "复制可直接运行的程序（到此段为止）" }[document.documentElement.lang.slice(0, 2)]
  ?? "Copy the program that runs (up to and including this block)";
const say = ({ target }) => {
  const button = target.closest?.("[data-copy] .md-code__button[data-md-type=copy]");
  if (button) button.title = more;
};
addEventListener("pointerover", say);
addEventListener("focusin", say);
const plain = () => {
  for (const bar of document.querySelectorAll(".md-code__nav")) bar.role = "none";
};
new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
plain();

// A formula or a table that scrolls must be reachable by keyboard; one that fits is no tab stop.
const scrolls = ".formula, .md-typeset__scrollwrap";
const reach = (boxes) => {
  for (const box of boxes)
    if (box.checkVisibility?.({ contentVisibilityAuto: true }) ?? true)
      box.scrollWidth > box.clientWidth ? (box.tabIndex = 0) : box.removeAttribute("tabindex");
};
const reachAll = () => reach(document.querySelectorAll(scrolls));
addEventListener("resize", reachAll);
document.fonts.ready.then(reachAll);
// What was far below is laid out now; all of it, if a link leads there.
addEventListener("contentvisibilityautostatechange", ({ target }) => {
  reach(target.matches(scrolls) ? [target] : target.querySelectorAll(scrolls));
}, true);
addEventListener("click", ({ target }) => {
  if (target.closest?.("a[href*='#']")) document.documentElement.classList.remove("from-the-top");
}, true);

// The theme's search hears keys alone: tell it of words that came by mouse, voice or input method.
const query = document.querySelector(".md-search__input");
query?.addEventListener("input", () => query.dispatchEvent(new Event("keyup")));

// Paper is white: the light scheme and its figures, all of them, for as long as it is printed.
const scheme = document.body.dataset;
let dark;
addEventListener("beforeprint", () => {
  dark = scheme.mdColorScheme;
  scheme.mdColorScheme = "default";
  for (const image of document.images) image.loading = "eager";
});
addEventListener("afterprint", () => (scheme.mdColorScheme = dark));
