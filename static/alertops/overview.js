// Live parts: whoever reads keeps the focus, and is told when a part could not be refreshed.
(() => {
  const stale = () => document.getElementById("ao-stale");
  const isLive = (element) => element?.matches?.("[data-live]");
  const FOCUSABLE = "a[href], button, [tabindex]";

  function tell(word) {
    const note = stale();
    if (!note) return;
    note.hidden = !word;
    if (word && note.textContent !== note.dataset[word]) note.textContent = note.dataset[word];
  }

  // What has no id of its own is found again by its place below something that has one.
  function placeOf(element) {
    const within = element.closest("[id]");
    if (!within) return null;
    return { id: within.id, at: within === element ? -1 : [...within.querySelectorAll(FOCUSABLE)].indexOf(element) };
  }

  let place = null;
  let isPressed = false;
  document.addEventListener("pointerdown", () => (isPressed = true));
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (isPressed = false));

  document.addEventListener("htmx:beforeRequest", (event) => {
    // Nothing is taken away from under a finger or a pointer.
    if (isLive(event.target) && isPressed) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const asked = new URL(requestConfig.path || "", location.href).pathname;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      tell("out");
      return;
    }
    if (xhr.status === 200) tell("");
    const focused = document.activeElement;
    place = isLive(event.detail.target) && event.detail.target.contains(focused) ? placeOf(focused) : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!place || document.activeElement !== document.body) return;
    const within = document.getElementById(place.id);
    const found = place.at < 0 ? within : within?.querySelectorAll(FOCUSABLE)[place.at];
    found?.focus({ preventScroll: true });
    place = null;
  });
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(failure, () => tell("away"));
  }
})();
