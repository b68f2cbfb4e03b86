// Shrinks a chosen picture to 1600 px. With data-url it is sent at once and shows its progress; without,
// the form carries it. A picture this browser cannot read is left to the server.
const LONGEST = 1600;

async function shrink(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
  return new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: blob.type });
}

function send(url, input, slot) {
  const body = new FormData();
  body.append(input.name, input.files[0]);
  body.append("csrf_token", input.form.elements.csrf_token?.value ?? "");
  const progress = document.createElement("progress");
  progress.className = "note";
  slot.append(progress);
  const request = new XMLHttpRequest();
  request.upload.onprogress = ({ loaded, total }) => { progress.value = loaded / total; };
  request.onload = () => { if (request.status < 300) input.value = ""; };
  request.onloadend = () => progress.remove();
  request.open("POST", url);
  request.send(body);
}

export default function (element) {
  element.addEventListener("change", async ({ target: input }) => {
    const file = input.files?.length && await shrink(input.files[0]).catch(() => null);
    if (!file) return;
    const carrier = new DataTransfer();
    carrier.items.add(file);
    input.files = carrier.files;
    const slot = input.closest(".slot");
    slot.querySelector("img")?.remove();
    slot.prepend(Object.assign(new Image(), { src: URL.createObjectURL(file), className: "tile is-photo" }));
    if (element.dataset.url) send(element.dataset.url, input, slot);
  });
}
