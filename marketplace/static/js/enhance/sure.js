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
    dialog.showModal();
  });
}
