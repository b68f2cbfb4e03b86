// Suggestions below a search field, as a combobox. data-url answers to ?q= with the options of a listbox.
export default function (form) {
  const input = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  const set = (element, values) => {
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  };
  set(list, { class: "suggest", id: `${input.id}-list`, role: "listbox", "aria-label": form.dataset.label });
  set(input, { role: "combobox", "aria-controls": list.id, "aria-autocomplete": "list" });
  form.append(list);
  let pause, chosen;

  const open = (isOpen) => {
    list.hidden = !isOpen;
    set(input, { "aria-expanded": isOpen });
  };
  const choose = (index) => {
    const options = [...list.children];
    chosen = (index + options.length + 1) % (options.length + 1);
    options.forEach((option, i) => set(option, { id: `${list.id}-${i}`, "aria-selected": i === chosen }));
    set(input, { "aria-activedescendant": options[chosen]?.id ?? "" });
  };
  const ask = async () => {
    const typed = input.value.trim();
    const answer = typed && await fetch(`${form.dataset.url}?q=${encodeURIComponent(typed)}`).catch(() => null);
    if (typed !== input.value.trim()) return;
    list.innerHTML = answer?.ok ? await answer.text() : "";
    choose(-1);
    open(list.children.length > 0);
  };

  open(false);
  input.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, 150);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") open(false);
    else if (event.key === "Enter" && list.children[chosen]) list.children[chosen].querySelector("a").click();
    else return;
    event.preventDefault();
  });
  form.addEventListener("focusout", ({ relatedTarget }) => {
    if (!form.contains(relatedTarget)) open(false);
  });
}
