// Draws HTML that Python made into the page.
//
// The HTML is one of scrapeq's escaping templates. It is not put in anew each time but compared
// with what is there: what did not change stays, so a bar glides, a button keeps its focus, and
// what somebody types or opens is left alone.

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
    const isOpened = name === "open" && old.nodeName === "DETAILS"; // by whoever looks at it
    if (!isOpened && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  updateChildren(old, fresh);
}

// What has a key is found again when others come before it or go: a button that has the focus stays
// the button of its batch, and what was chosen stays chosen.
function keyOf(node) {
  return node.nodeName === "OPTION" ? node.value : (node.dataset?.batch ?? node.dataset?.group);
}

function updateChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  const keys = new Set(wanted.map(keyOf));
  for (const child of [...old.childNodes]) if (!keys.has(keyOf(child))) child.remove();
  let place = old.firstChild;
  const removed = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };
  for (const child of wanted) {
    const key = keyOf(child);
    while (key !== undefined && place && keyOf(place) === undefined) place = removed(place);
    let same = place;
    while (key !== undefined && same && keyOf(same) !== key) same = same.nextSibling;
    if (!same || keyOf(same) !== key) {
      old.insertBefore(child, place);
      continue;
    }
    if (same === place) place = place.nextSibling;
    else old.insertBefore(same, place);
    update(same, child);
  }
  while (place) place = removed(place);
}

function draw(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  updateChildren(element, template.content);
}
