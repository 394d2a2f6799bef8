// The little that our pages do by themselves; everything works without it except copying by a button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const word = button.lastElementChild;
  const before = word.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Browsers have no clipboard on plain http: select the text, so that Ctrl+C takes it.
    const text = button.parentElement.querySelector("code");
    if (text) getSelection().selectAllChildren(text);
    document.execCommand("copy");
  }
  word.textContent = button.dataset.copied;
  setTimeout(() => (word.textContent = before), 2000);
});

// A page that came by a key or by htmx may have been given the focus before its field was there.
addEventListener("load", () => {
  const isFree = document.activeElement === document.body || document.activeElement === null;
  if (isFree) document.querySelector("form [autofocus]")?.focus();
});
