// Keeps a form in this browser until it is sent, and holds it back while there is no connection.
// A hidden child with data-offline says so. Secrets, files and hidden fields are never kept.
const KEPT = "input:not([type=hidden], [type=file], [type=password], [autocomplete=off], [autocomplete=one-time-code]), select, textarea";

export default function (form) {
  const key = `draft:${form.dataset.draft || location.pathname}`;
  const fields = () => [...form.querySelectorAll(KEPT)].filter((field) => field.name);
  const isBox = (field) => ["checkbox", "radio"].includes(field.type);
  const note = form.querySelector("[data-offline]");
  const stored = JSON.parse(localStorage.getItem(key) ?? "null");

  if (stored?.sent) localStorage.removeItem(key);
  else if (stored && !form.querySelector("[aria-invalid]")) {
    fields().forEach((field, i) => {
      const [name, value] = stored.fields[i] ?? [];
      if (name !== field.name) return;
      if (isBox(field)) field.checked = value;
      else field.value = value;
    });
  }

  const keep = (sent = false) => localStorage.setItem(key, JSON.stringify({
    sent, fields: fields().map((field) => [field.name, isBox(field) ? field.checked : field.value]),
  }));
  form.addEventListener("input", () => keep());
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return keep(true);
    event.preventDefault();
    keep();
    if (note) note.hidden = false;
    addEventListener("online", () => form.requestSubmit(event.submitter), { once: true });
  });
}
