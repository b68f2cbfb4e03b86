// Changes the quantity in place instead of sending the form. With data-send the form follows after a pause.
// What is no number stays as it was typed: the browser, or the server, says what is wrong with it.
export default function (element) {
  const input = element.querySelector("input");
  const { min = 1, max = Infinity } = input.dataset;
  const within = (value, least) => Math.min(Math.max(Math.trunc(value) || least, least), Math.max(+max, least));
  let pause;

  element.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    input.value = within(Number(input.value) + Number(button.value), 1);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("change", () => { if (/^\d+$/.test(input.value) && +input.value >= +min) input.value = within(input.value, +min); });
  input.addEventListener("input", () => {
    clearTimeout(pause);
    if ("send" in element.dataset && input.value) pause = setTimeout(() => input.form.requestSubmit(), 700);
  });
}
