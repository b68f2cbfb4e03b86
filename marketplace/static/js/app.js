// The only script every page loads. Each page works without it; it improves one element at a time.
for (const element of document.querySelectorAll("[data-enhance]")) {
  import(`./enhance/${element.dataset.enhance}.js`).then((module) => module.default(element));
}
