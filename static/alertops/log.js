// Logs: say when newer entries could not be looked for, copy what stands in an element, fold and unfold a tree.
document.addEventListener("DOMContentLoaded", () => {
  const newer = document.getElementById("ao-newer");
  if (!newer) return;
  const said = document.getElementById("ao-newer-said");
  let looked = new Date();
  const fail = () => {
    let note = newer.querySelector(".ao-failed");
    if (!note) {
      note = document.createElement("span");
      note.className = "ao-error ao-failed";
      newer.append(note);
    }
    note.textContent = `${newer.dataset.failed} ${looked.toLocaleTimeString()}`;
  };
  newer.addEventListener("htmx:beforeSwap", (event) => {
    // Whoever is logged out is sent to the log-in page: that is no answer.
    if (event.detail.xhr.responseURL.includes("/login/")) {
      event.detail.shouldSwap = false;
      fail();
    }
  });
  newer.addEventListener("htmx:afterSwap", () => {
    looked = new Date();
    const words = newer.querySelector("#ao-newer-link span:last-child")?.textContent ?? "";
    if (said.textContent !== words) said.textContent = words;
  });
  newer.addEventListener("htmx:sendError", fail);
  newer.addEventListener("htmx:responseError", fail);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-from], [data-fold]");
  if (!button) return;
  if (button.dataset.fold) {
    const isOpen = button.dataset.fold === "open";
    document.querySelectorAll(".ao-tree details").forEach((node) => (node.open = isOpen));
    return;
  }
  const source = document.getElementById(button.dataset.copyFrom);
  const word = button.lastElementChild;
  const before = word.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Browsers have no clipboard on plain http: select the text, so that Ctrl+C takes it.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  word.textContent = button.dataset.copied;
  setTimeout(() => (word.textContent = before), 2000);
});
