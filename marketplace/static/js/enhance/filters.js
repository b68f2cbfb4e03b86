// Says on the button how many would match. data-url answers to the form's fields with the button's words.
export default function (form) {
  const button = form.querySelector(".act button");
  let latest;

  form.addEventListener("change", async () => {
    latest?.abort();
    latest = new AbortController();
    const query = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(`${form.dataset.url}?${query}`, { signal: latest.signal });
      if (answer.ok) button.textContent = await answer.text();
    } catch {
      // Without an answer the button keeps its words, and still works.
    }
  });
}
