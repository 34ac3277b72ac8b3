// Draws what Python made into the page, and says which button was pressed.
//
// The HTML is one of scrapeq's escaping templates. It is not put in anew each time but compared
// with what is there: what did not change stays, so the bar glides and a button keeps its focus.

function update(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  updateChildren(old, fresh);
}

export function updateChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
  wanted.forEach((child, place) => {
    if (place < old.childNodes.length) update(old.childNodes[place], child);
    else old.append(child);
  });
}

function render({ model, el }) {
  const card = document.createElement("div");
  el.append(card);
  const draw = () => {
    const template = document.createElement("template");
    template.innerHTML = model.get("html");
    updateChildren(card, template.content);
  };
  card.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    button.disabled = true; // until the next picture
    model.send({ action: button.dataset.action });
  });
  draw();
  model.on("change:html", draw);
  return () => model.off("change:html", draw);
}

export default { render };
