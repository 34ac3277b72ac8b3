// What a page has become, as HTML: open shadow roots as declarative ones, frames of the same origin
// in their places. Returns "" where that is longer than `most` characters, null where nothing is left.
(most) => {
  const roots = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) {
        roots.push(element.shadowRoot);
        walk(element.shadowRoot);
      }
    }
  };
  const fill = (document, depth) => {
    for (const frame of document.querySelectorAll("iframe, frame")) {
      let inner = null;
      try {
        inner = frame.contentDocument;
      } catch {
        // of another origin
      }
      if (!inner || !inner.body || depth > 3) continue;
      fill(inner, depth + 1);
      const place = document.createElement("div");
      place.setAttribute("data-frame", frame.src);
      for (const node of inner.body.childNodes) place.append(document.importNode(node, true));
      frame.after(place);
    }
  };
  fill(document, 0);
  walk(document);
  const doctype = document.doctype ? "<!DOCTYPE html>" : "";
  const element = document.documentElement;
  if (!element) return null;
  const inner = element.getHTML ? element.getHTML({ shadowRoots: roots }) : element.innerHTML;
  const html = doctype + element.cloneNode(false).outerHTML.slice(0, -7) + inner + "</html>";
  return html.length > most ? "" : html;
}
