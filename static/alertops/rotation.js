// The drop-downs of people tell nobody when a person is chosen: say it, so that the drawing follows.
addEventListener("load", () => {
  const jQuery = window.django?.jQuery;
  const form = document.getElementById("rotation_form");
  if (!jQuery || !form) return;
  jQuery(form).on("change", "select.admin-autocomplete", () => form.dispatchEvent(new Event("people")));
});
