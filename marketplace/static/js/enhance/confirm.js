// Opens the dialog named by data-dialog instead of leading to the page that asks the same.
export default function (element) {
  const dialog = document.getElementById(element.dataset.dialog);
  if (!dialog?.showModal) return;
  element.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
}
