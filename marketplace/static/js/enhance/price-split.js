// Shows who gets how much of a price while it is typed. data-parts: basis points; data-rate: rupiah for one won.
// The server divides the same way and its sums stay the truth.
export default function (element) {
  const parts = element.dataset.parts.split(" ").map(Number);
  const lang = document.documentElement.lang;
  const outputs = element.querySelectorAll("[data-part]");
  const won = element.querySelector("[data-won]");
  const money = (amount, currency, digits) => new Intl.NumberFormat(lang, {
    style: "currency", currency, minimumFractionDigits: 0, maximumFractionDigits: digits,
  }).format(amount);

  element.querySelector("input").addEventListener("input", ({ target }) => {
    const price = Number(target.value.replace(/[.,]00$/, "").replace(/\D/g, ""));
    parts.forEach((part, i) => { outputs[i].value = money(Math.round(price * part / 100) / 100, "IDR", 2); });
    won.value = price ? money(Math.round(price / element.dataset.rate / 10) * 10, "KRW", 0) : "–";
  });
}
