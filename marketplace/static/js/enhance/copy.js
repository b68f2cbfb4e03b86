// Shows a button that copies data-text and says so with data-done for a while.
export default function (button) {
  if (!navigator.clipboard) return;
  const { text, done } = button.dataset;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = done;
    setTimeout(() => { button.textContent = label; }, 2500);
  });
}
