// Adding and setting up an integration: searching the gallery, copying what is masked, and saying how live it is.

// The gallery: each word that is typed must begin a word of the card.
const gallery = () => document.querySelector("[data-gallery]");
const cards = () => [...document.querySelectorAll("[data-gallery] .ao-pick")].filter((card) => card.offsetParent);

// The page is hidden until Alpine has begun, and what is hidden takes no autofocus.
document.addEventListener("alpine:initialized", () => {
  setTimeout(() => document.querySelector("[data-gallery] [data-search]")?.focus());
});

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-search]")) return;
  const parts = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (words) => parts.every((part) => words.some((word) => word.startsWith(part)));
  let found = 0;
  for (const group of gallery().querySelectorAll("[data-group]")) {
    let shown = 0;
    for (const card of group.querySelectorAll("[data-words]")) {
      card.hidden = !fits(card.dataset.words.split(/[\s.,:;()]+/));
      shown += !card.hidden;
    }
    group.hidden = !shown;
    found += shown;
  }
  gallery().querySelector("[data-nothing]").hidden = found > 0;
  gallery().querySelector("[data-otherwise]").hidden = !found;
});

document.addEventListener("submit", (event) => {
  if (!event.target.querySelector("[data-search]")) return;
  event.preventDefault();
  cards()[0]?.click();
});

document.addEventListener("keydown", (event) => {
  if (!gallery() || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = gallery().querySelector("[data-search]");
  const all = cards();
  const at = all.indexOf(document.activeElement);
  const steps = { ArrowDown: columns(all, at), ArrowUp: -columns(all, at), ArrowRight: 1, ArrowLeft: -1 };
  if (document.activeElement === search) {
    if (event.key === "ArrowDown") all[0]?.focus();
    else return;
  } else if (at < 0 || !(event.key in steps)) {
    return;
  } else {
    const to = at + steps[event.key];
    (to < 0 ? search : all[Math.min(to, all.length - 1)]).focus();
  }
  event.preventDefault();
});

// How many cards stand beside each other where one stands, so that down goes down.
function columns(all, at) {
  if (at < 0) return 1;
  const top = all[at].getBoundingClientRect().top;
  return all.filter((card) => card.getBoundingClientRect().top === top).length;
}

// Copying. What holds the masked URL is copied with the real one, which is asked for then, and put on record.
function prepare() {
  for (const button of document.querySelectorAll("[data-copy-url]")) button.hidden = false;
  const model = document.querySelector("[data-secret] [data-copy-url]");
  if (!model) return;
  for (const block of document.querySelectorAll("[data-secret] pre")) {
    if (block.parentElement.matches(".ao-line")) continue;
    const button = model.cloneNode(true);
    button.className = "ao-button ao-second";
    button.lastElementChild.textContent = block.closest("[data-secret]").dataset.copyWord;
    const line = document.createElement("div");
    line.className = "ao-line";
    block.replaceWith(line);
    line.append(block, button);
  }
}
document.addEventListener("DOMContentLoaded", prepare);
document.addEventListener("htmx:afterSettle", prepare);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-url]");
  if (!button) return;
  const place = button.closest("[data-secret]");
  const block = button.previousElementSibling?.matches("pre") ? button.previousElementSibling : null;
  const text = block ? block.textContent : (place.querySelector("#ao-url")?.textContent ?? place.dataset.masked);
  const done = await copied(text.includes(place.dataset.masked) ? unmasked(text, place) : Promise.resolve(text));
  say(button, done ? button.dataset.copied : button.dataset.failed);
});

async function unmasked(text, place) {
  const body = new FormData();
  body.append("for", "copying");
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(place.dataset.secret, { method: "POST", body, headers: { "X-CSRFToken": token } });
  const { url } = await answer.json();
  return text.replaceAll(place.dataset.masked, url);
}

async function copied(promise) {
  try {
    if (navigator.clipboard?.write && window.ClipboardItem) {
      // Given as a promise, so that a browser still knows that it was asked for by a click.
      const item = promise.then((text) => new Blob([text.trim()], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": item })]);
      return true;
    }
    return byHand((await promise).trim());
  } catch {
    return promise.then((text) => byHand(text.trim())).catch(() => false);
  }
}

// Browsers have no clipboard on plain http.
function byHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "ao-offscreen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

function say(button, words) {
  const word = button.lastElementChild;
  const before = word.textContent;
  if (button.dataset.saying) return;
  button.dataset.saying = "1";
  word.textContent = words;
  announcer().textContent = words;
  setTimeout(() => {
    word.textContent = before;
    announcer().textContent = "";
    delete button.dataset.saying;
  }, 2000);
}

// Read aloud by a screen reader: what a button says meanwhile is not.
function announcer() {
  const there = document.querySelector("#ao-announcer");
  if (there) return there;
  const made = document.createElement("div");
  made.id = "ao-announcer";
  made.className = "ao-offscreen";
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}

// The live part: when it was last looked, and when that could not be done.
const live = (event) => (event.target.id === "ao-arrival" ? event.target : null);

document.addEventListener("htmx:afterRequest", (event) => {
  const part = document.querySelector("#ao-arrival[data-live]");
  if (!live(event) || !part) return;
  const said = part.querySelector("[data-said]");
  const { xhr, successful } = event.detail;
  if (part.dataset.lost) said.textContent = part.dataset.loggedOut;
  else said.textContent = successful ? "" : part.dataset.trouble;
  const at = xhr.getResponseHeader("X-Looked");
  if (at) part.querySelector("[data-looked]").textContent = decodeURIComponent(at);
});

// A session that has ended is answered with the log-in page, which is no delivery.
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = live(event);
  if (!part || event.detail.xhr.status !== 200) return;
  if (event.detail.serverResponse.includes('id="ao-arrival"')) return;
  event.detail.shouldSwap = false;
  part.dataset.lost = "1";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (live(event)?.dataset.lost) event.preventDefault();
});

// A tab that comes back into view looks at once.
document.addEventListener("visibilitychange", () => {
  const part = document.querySelector("#ao-arrival[data-live]");
  if (document.visibilityState !== "visible" || !part) return;
  htmx.ajax("GET", part.getAttribute("hx-get"), { source: part, target: part, select: "#ao-arrival", swap: "outerHTML" });
});
