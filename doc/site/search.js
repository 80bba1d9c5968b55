// Search without a server: search-index.js has a piece of text for each heading
// and each term of the manuals.
// SPDX-License-Identifier: ISC
"use strict";

const words = document.getElementById("words");
const found = document.getElementById("found");

function wordsOf(text) {
  return text.toLowerCase().split(/[^\p{L}\p{N}_.*-]+/u).filter(Boolean);
}

// A heading weighs more than a page's title, that more than text; 0: a word is
// not there at all.
function weight([, title, name, text], asked) {
  const heading = name.toLowerCase(), page = title.toLowerCase();
  const body = text.toLowerCase();
  let sum = 0;
  for (const word of asked) {
    const times = body.split(word).length - 1;
    const here = (heading.includes(word) ? 20 : 0) +
      (heading === word ? 40 : 0) + (page.includes(word) ? 5 : 0) +
      Math.min(times, 5);
    if (here === 0) return 0;
    sum += here;
  }
  if (body.includes(asked.join(" "))) sum += 15;
  return sum - Math.log2(text.length + 1) / 2;
}

function search(asked) {
  const of = list => PIECES.map(piece => [weight(piece, list), piece])
    .filter(([sum]) => sum > 0).sort((a, b) => b[0] - a[0]);
  const all = of(asked);
  if (all.length > 0 || asked.length < 2) return all.slice(0, 12);
  return asked.flatMap(word => of([word]).slice(0, 4)).slice(0, 12);
}

function excerpt(text, asked) {
  const lower = text.toLowerCase();
  const at = Math.max(0, Math.min(...asked.map(word => lower.indexOf(word))
    .filter(place => place >= 0)) || 0);
  const from = Math.max(0, at - 60);
  return (from > 0 ? "\u2026" : "") + text.slice(from, from + 200) + "\u2026";
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  Object.assign(made, attributes);
  return made;
}

function show() {
  const asked = wordsOf(words.value);
  found.replaceChildren();
  found.hidden = asked.length === 0;
  if (asked.length === 0) return;
  const hits = search(asked);
  for (const [, [href, title, name, text]] of hits) {
    const item = document.createElement("li");
    const where = name === title ? title : title + ": " + name;
    item.append(element("a", where, { href }),
      element("p", excerpt(text, asked)));
    found.append(item);
  }
  if (hits.length === 0) found.append(element("li", "Nothing found."));
}

words.addEventListener("input", show);
words.form.addEventListener("submit", event => {
  event.preventDefault();
  show();
  const first = found.querySelector("a");
  if (first !== null) location.href = first.href;
});
words.addEventListener("keydown", event => {
  if (event.key === "Escape") { words.value = ""; show(); }
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && event.target === document.body) {
    event.preventDefault();
    words.focus();
  }
});
// A section that is folded is opened where a link leads to it.
function open_target() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", open_target);
open_target();
const given = new URLSearchParams(location.search).get("q");
if (given) { words.value = given; show(); }
