// What a page has become, as HTML: open shadow roots as declarative ones, frames of the same origin
// in their places, each within the other too. The page stays as it is, for its picture. Returns ""
// where that is longer than `most` characters, null where nothing is left.
(most) => {
  const sign = `frame ${Math.random()}`; // a world of our own has its own Math
  const marks = [];
  const framed = [];
  const inner = (document, element, depth) => {
    const roots = [];
    const walk = (root) => {
      for (const one of root.querySelectorAll("*")) {
        if (one.shadowRoot) {
          roots.push(one.shadowRoot);
          walk(one.shadowRoot);
        }
        if (one.localName === "iframe" || one.localName === "frame") fill(document, one, depth);
      }
    };
    walk(document);
    const html = element.getHTML ? element.getHTML({ shadowRoots: roots }) : element.innerHTML;
    return html.replace(new RegExp(`<!--${sign} (\\d+)-->`, "g"), (_, number) => framed[number]);
  };
  const fill = (document, frame, depth) => {
    let within = null;
    try {
      within = frame.contentDocument;
    } catch {
      // of another origin
    }
    if (!within || !within.body || depth > 3) return;
    const place = document.createElement("div");
    place.setAttribute("data-frame", frame.src);
    const mark = document.createComment(`${sign} ${framed.length}`);
    framed.push(""); // its number is taken, by whatever is within it too
    framed[Number(mark.data.slice(sign.length))] =
      place.outerHTML.slice(0, -6) + inner(within, within.body, depth + 1) + "</div>";
    frame.after(mark);
    marks.push(mark);
  };
  const element = document.documentElement;
  if (!element) return null;
  const doctype = document.doctype ? "<!DOCTYPE html>" : "";
  const opened = element.cloneNode(false).outerHTML.slice(0, -7);
  const html = `${doctype}${opened}${inner(document, element, 0)}</html>`;
  for (const mark of marks) mark.remove();
  return html.length > most ? "" : html;
}
