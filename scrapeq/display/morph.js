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
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  updateChildren(old, fresh);
}

function updateChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
  wanted.forEach((child, place) => {
    if (place < old.childNodes.length) update(old.childNodes[place], child);
    else old.append(child);
  });
}

function draw(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  updateChildren(element, template.content);
}
