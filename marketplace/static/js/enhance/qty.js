// Changes the quantity in place instead of sending the form. With data-send the form follows after a pause.
export default function (element) {
  const input = element.querySelector("input");
  const { min = 1, max = Infinity } = input.dataset;
  const within = (value) => Math.min(Math.max(Math.trunc(value) || +min, +min), Math.max(+max, +min));
  let pause;

  element.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    input.value = within(Number(input.value) + Number(button.value));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("change", () => { input.value = within(input.value); });
  input.addEventListener("input", () => {
    clearTimeout(pause);
    if ("send" in element.dataset) pause = setTimeout(() => input.form.requestSubmit(), 700);
  });
}
