// A batch's card in a notebook: draws what Python made, and sends which button was pressed.
// Goes with morph.js.

function render({ model, el }) {
  const card = document.createElement("div");
  el.append(card);
  const show = () => draw(card, model.get("html"));
  card.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    button.disabled = true; // until the next picture
    model.send({ action: button.dataset.action });
  });
  show();
  model.on("change:html", show);
  return () => model.off("change:html", show);
}

export default { render };
