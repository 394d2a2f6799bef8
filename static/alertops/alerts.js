// What the pages of alerts do by themselves: countdowns, the page that looks again, keys, the preview.
(() => {
  const pad = (number) => String(number).padStart(2, "0");

  // A countdown counts from the seconds the server named, so a wrong clock of the phone does no harm.
  const ends = new WeakMap();
  const endOf = (time) => {
    if (!ends.has(time)) ends.set(time, Date.now() + Number(time.dataset.left) * 1000);
    return ends.get(time);
  };
  const count = () => {
    for (const time of document.querySelectorAll(".ao-countdown")) {
      const left = Math.ceil((endOf(time) - Date.now()) / 1000);
      if (left > 86400) continue;
      const hours = Math.floor(left / 3600);
      const clock = (hours ? `${hours}:${pad(Math.floor(left / 60) % 60)}` : Math.floor(left / 60)) + `:${pad(left % 60)}`;
      const words = left > 0 ? time.dataset.words.replace("{left}", clock) : time.dataset.over;
      if (time.textContent !== words) time.textContent = words;
      if (left === -1) lookAgain();
    }
  };

  // The page that looks again: what has not changed keeps its place, its focus and its open details.
  const page = () => document.getElementById("ao-live");
  const list = () => document.getElementById("ao-poll");
  const lookAgain = () => (page() || list()) && htmx.trigger(page() || list(), "look");
  const PASSING = ".ao-time, [name=csrfmiddlewaretoken]";
  const plain = (part) => {
    const copy = part.cloneNode(true);
    copy.removeAttribute("hx-swap-oob");
    copy.removeAttribute("class");
    copy.querySelectorAll("details").forEach((details) => details.removeAttribute("open"));
    for (const passing of copy.querySelectorAll(PASSING)) passing.replaceWith(passing.dataset.exact || "");
    return copy.innerHTML.replace(/\s+/g, " ");
  };
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const part = fragment.firstElementChild || fragment;
    if (plain(part) === plain(target) && part.className === target.className) {
      const times = part.querySelectorAll(".ao-time");
      target.querySelectorAll(".ao-time").forEach((time, index) => {
        if (time.classList.contains("ao-countdown")) {
          time.dataset.left = times[index].dataset.left;
          ends.delete(time);
        } else if (time.textContent !== times[index].textContent) {
          time.textContent = times[index].textContent;
        }
      });
      event.detail.shouldSwap = false;
      return;
    }
    for (const details of target.querySelectorAll("details[id][open]")) {
      part.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
    }
  });
  const isOurs = (event) => event.detail.elt === page();
  const lost = (isLoggedOut) => {
    const box = document.getElementById("ao-stale");
    const words = box.querySelector("p");
    const said = isLoggedOut ? words.dataset.out : words.dataset.lost.replace("{time}", document.getElementById("ao-fresh").dataset.time);
    if (words.textContent !== said) words.textContent = said;
    const login = box.querySelector("a");
    login.hidden = !isLoggedOut;
    login.href = location.href;
    box.hidden = false;
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event) || event.detail.xhr.status !== 200) return;
    if (!new URL(event.detail.xhr.responseURL).pathname.endsWith("/live/")) {
      event.detail.shouldSwap = false;
      lost(true);
      return;
    }
    document.getElementById("ao-stale").hidden = true;
  });
  document.addEventListener("htmx:afterSwap", count);

  // The list that looks again: its rows change in place; whether that went well is said only if it did not.
  let looked = new Date();
  document.addEventListener("htmx:afterRequest", (event) => {
    const note = document.getElementById("ao-poll-lost");
    if (!note || event.detail.elt !== list()) return;
    const { xhr, successful } = event.detail;
    const isAnswer = successful && new URL(xhr.responseURL).pathname.endsWith("/news/");
    if (isAnswer) looked = new Date();
    const words = isAnswer ? "" : note.dataset.lost.replace("{time}", looked.toLocaleTimeString());
    if (note.textContent !== words) note.textContent = words;
    note.hidden = isAnswer;
    count();
  });
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => isOurs(event) && lost(false));
  }
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookAgain());
  window.addEventListener("pageshow", (event) => event.persisted && lookAgain());

  // Keys: one letter each, never while somebody writes.
  document.addEventListener("keydown", (event) => {
    if (!page() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable], [role=dialog]")) return;
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!wanted) return;
    event.preventDefault();
    wanted.click();
  });

  // The preview of who will be told: the field for people tells of its changes only through jQuery.
  document.addEventListener("DOMContentLoaded", () => {
    count();
    setInterval(count, 1000);
    const preview = document.getElementById("ao-preview");
    if (preview && window.django) {
      window.django.jQuery(document).on("change", "select.admin-autocomplete", () => htmx.trigger(preview, "people"));
    }
  });
})();
