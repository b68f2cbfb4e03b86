// Keeps <output> in step with the quantity. data-unit-price is in display units; the server's sum stays the truth.
export default function (element) {
  const { unitPrice, currency } = element.dataset;
  element.addEventListener("input", ({ target }) => {
    const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    element.querySelector("output").value = format.format(target.value * unitPrice);
  });
}
