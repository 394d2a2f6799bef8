// Names for what Django's widgets leave without any: for those who hear a page instead of seeing it.
const FIELDS = "input:not([type=hidden]), select, textarea";
const LISTS = ".select2-selection, .select2-selection__rendered[role=textbox], .select2-search__field";

// What stands beside a field, or above it where fields are the cells of a table.
function nameOf(field) {
  const label = field.labels?.[0] ?? document.querySelector(`label[for="${CSS.escape(field.id)}"]`);
  if (label) return label.textContent.trim();
  const cell = field.closest("td");
  if (!cell) return "";
  const heads = cell.closest("table")?.tHead?.rows[0]?.cells;
  return (cell.dataset.label || heads?.[cell.cellIndex]?.textContent || "").trim();
}

function giveNames(root) {
  for (const field of root.querySelectorAll(FIELDS)) {
    if (field.labels?.length || field.ariaLabel || field.closest(".select2-container")) continue;
    const name = nameOf(field);
    if (name) field.ariaLabel = name;
  }
  for (const select of root.querySelectorAll("select.select2-hidden-accessible")) {
    const shown = select.nextElementSibling;
    const name = nameOf(select);
    if (!shown?.matches(".select2-container") || !name) continue;
    for (const part of shown.querySelectorAll(LISTS)) part.ariaLabel = name;
  }
  for (const clear of root.querySelectorAll("ul > .select2-selection__clear")) clear.role = "listitem";
  for (const hint of root.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) hint.role = "img";
}

function begin() {
  giveNames(document);
  let isAsked = false;
  // Lists are drawn anew whenever something is chosen, and rows are added.
  new MutationObserver(() => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      giveNames(document);
    });
  }).observe(document.body, { childList: true, subtree: true });
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
