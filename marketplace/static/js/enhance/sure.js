// Asks in a dialog what a fold asks without it. The dialog stays in its form, so its button sends it.
export default function (element) {
  const ask = element.querySelector(".sure__ask");
  const dialog = document.createElement("dialog");
  if (!dialog.showModal) return;
  const safe = document.createElement("button");
  safe.type = "button";
  safe.className = "btn is-line";
  safe.autofocus = true;
  safe.textContent = element.dataset.safe;
  safe.addEventListener("click", () => dialog.close());
  ask.querySelector(".sure__act").prepend(safe);
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", element.querySelector("summary").textContent);
  dialog.append(ask);
  element.after(dialog);
  element.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    if (!isComplete(element.closest("form"), dialog)) return;
    dialog.querySelectorAll("[data-typed]").forEach(showTyped);
    dialog.showModal();
  });
}

// Nothing is asked before what the browser itself misses was filled in: behind the dialog nobody would see it.
function isComplete(form, dialog) {
  return form.noValidate || [...form.elements].every((field) => dialog.contains(field) || field.reportValidity());
}

// What is asked about, as it stands in the form. An amount that the server will not take stays as it was typed.
function showTyped(element) {
  const { typed, currency } = element.dataset;
  const text = element.closest("form").elements[typed].value.trim();
  const plain = /^[1-9]\d{0,2}([., ]\d{3})+$/.test(text) ? text.replace(/\D/g, "") : text;
  const money = currency && /^\d+$/.test(plain)
    && new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(plain);
  element.textContent = money || text || "–";
}
