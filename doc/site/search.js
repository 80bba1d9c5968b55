// Search without a server: search-index.js has a piece of text for each heading
// and each term of the pages.  A whole word counts more than the beginning of one,
// that more than a part; other forms of a word and words of the same meaning are
// found too.
// SPDX-License-Identifier: ISC
"use strict";

const words = document.getElementById("words");
const found = document.getElementById("found");

// What people type, and what the pages call it.
const SYNONYMS = {
  "405": ["options"], "413": ["max-body"], "502": ["bad-header"],
  "504": ["timeout"], allowlist: ["origins"], auth: ["password", "authorization"],
  bearer: ["authorization"], bypass: ["exclude"], cache: ["max-age"],
  cert: ["certificate"], cross: ["cors"], code: ["status"], csrf: ["block-unsafe"],
  custom: ["x-token", "headers"], daemon: ["responder"], docker: ["container"],
  download: ["install"], except: ["exclude"], fpm: ["php-fpm"], ftp: ["hosting", "upload"],
  helm: ["kubernetes"],
  concurrent: ["workers"], parallel: ["workers"], simultaneous: ["workers"],
  capacity: ["workers"], queue: ["workers"], https: ["certificate"], ignore: ["exclude"], intranet: ["private", "local"],
  journal: ["journalctl"], jwt: ["authorization"], k8s: ["kubernetes"],
  kubectl: ["kubernetes"], lan: ["local"], limit: ["timeout"], login: ["password"],
  logs: ["log-file"], mistake: ["lint"], mixed: ["https"], permission: ["writable"],
  podman: ["container"], prometheus: ["metrics"], proxy: ["forward"],
  rollback: ["upgrade"],
  session: ["cookie"], skip: ["exclude"], slow: ["warm", "timeout"],
  speed: ["measured", "warm"], ssl: ["certificate"], syntax: ["lint"],
  systemctl: ["systemd"], test: ["probe", "replay"], timeout: ["time-limit", "timed"], tls: ["certificate"],
  token: ["authorization"], twice: ["multiple", "duplicate-header"],
  two: ["several", "multiple"], typo: ["misspelled", "lint"], update: ["upgrade"],
  upload: ["max-body"], upstream: ["several", "forward"], whitelist: ["origins"],
  mod_allowmethods: ["allowmethods"], wwwrun: ["user"], xsrf: ["csrf"],
};
const FILLERS = new Set(("a an and are at behind can do does for from how i if in is " +
  "it my not of on or the to use via what when where which why with without").split(" "));

function tokens(text) {
  return text.toLowerCase().split(/[^\p{L}\p{N}_.*-]+/u)
    .map(word => word.replace(/^[.-]+|[.-]+$/g, "")).filter(Boolean);
}

// "excluding", "excluded", "exclude": one word.
function stem(word) {
  if (word.length < 5 || /[^a-z]/.test(word)) return word;
  const short = word.replace(/ies$/, "y").replace(/(?:ing|ed|es|s|e)$/, "");
  return short.length < 4 ? word : short.replace(/([^ls])\1$/, "$1");
}

function counted(list) {
  const map = new Map();
  for (const word of list) map.set(word, (map.get(word) ?? 0) + 1);
  return map;
}

let index;
function pieces() {
  index ??= PIECES.map(piece => {
    const [, title, name, text, file] = piece;
    const body = tokens(text);
    return { piece, file, lower: text.toLowerCase(), name: name.toLowerCase(),
      length: body.length, heading: counted(tokens(name)),
      headingStems: counted(tokens(name).map(stem)), page: new Set(tokens(title)),
      body: counted(body), stems: counted(body.map(stem)) };
  });
  return index;
}

function startsWith(map, word) {
  let sum = 0;
  for (const [other, times] of map) if (other.startsWith(word)) sum += times;
  return sum;
}

// How much a piece has of a word, as it is.
function exactly(of, word) {
  const form = stem(word);
  let sum = 3 * Math.min(of.body.get(word) ?? 0, 4);
  if (of.heading.has(word)) sum += 40;
  else if (of.headingStems.has(form)) sum += 30;
  if (of.page.has(word)) sum += 4;
  if (sum === 0) sum = 2 * Math.min(of.stems.get(form) ?? 0, 4);
  if (sum > 0 || word.length < 2) return sum;
  if (startsWith(of.heading, word) > 0) return 15;
  sum = Math.min(startsWith(of.body, word), 4);
  if (sum > 0 || word.length < 4) return sum;
  return of.name.includes(word) ? 6 : of.lower.includes(word) ? 0.5 : 0;
}

function weight(of, asked, phrase) {
  let sum = 0, have = 0;
  for (const word of asked) {
    let best = exactly(of, word);
    for (const other of SYNONYMS[word] ?? SYNONYMS[word.replace(/s$/, "")] ?? [])
      best = Math.max(best, 0.6 * exactly(of, other));
    if (best > 0) have++;
    sum += best;
  }
  if (have === 0) return { have, sum };
  if (phrase.length > 3 && (asked.length > 1 || /[^a-z]/.test(phrase))) {
    if (of.name.includes(phrase)) sum += 60;
    else if (of.lower.includes(phrase)) sum += 20;
  }
  // Files are long and say a word often.
  return { have, sum: sum * (of.file ? 0.6 : 1) - Math.log2(of.length + 2) };
}

function search(text) {
  const phrase = text.toLowerCase().replace(/[\u2018\u2019]/g, "'").trim();
  const all = tokens(text);
  const asked = all.filter(word => !FILLERS.has(word));
  const list = asked.length > 0 ? asked : all;
  const hits = pieces().map(of => ({ of, ...weight(of, list, phrase) }))
    .filter(hit => hit.have > 0);
  // A piece with half of the words counts an eighth.
  for (const hit of hits) hit.sum *= (hit.have / list.length) ** 3;
  hits.sort((a, b) => b.sum - a.sum);
  return hits.slice(0, 12).map(hit => hit.of.piece);
}

function excerpt(text, asked) {
  const lower = text.toLowerCase();
  const forms = asked.flatMap(word => [word, ...SYNONYMS[word] ?? []]);
  const at = Math.max(0, Math.min(...forms.map(word => lower.indexOf(stem(word)))
    .filter(place => place >= 0)));
  const from = Number.isFinite(at) ? Math.max(0, at - 60) : 0;
  return (from > 0 ? "\u2026" : "") + text.slice(from, from + 200) + "\u2026";
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  Object.assign(made, attributes);
  return made;
}

function show() {
  const asked = tokens(words.value);
  found.replaceChildren();
  found.hidden = asked.length === 0;
  if (asked.length === 0) return;
  const hits = search(words.value);
  for (const [href, title, name, text, , under] of hits) {
    const item = document.createElement("li");
    const where = [...new Set([title, under, name])].filter(Boolean).join(": ");
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
// On a phone the contents of a page would fill the first screen.
if (matchMedia("(max-width: 48rem)").matches)
  for (const list of document.querySelectorAll(".contents")) list.open = false;
const given = new URLSearchParams(location.search).get("q");
if (given) { words.value = given; show(); }
