// The dashboard: draws the parts that Python made into their places, and sends requests.
// Goes with morph.js. Whoever shows it brings a way to Python:
//   ask(request) → promise of {message} or {error}      request: {do, ...}
//   exportTable(batch, ending) → promise of the same
//   file(file) → promise of what stands for the file in a request

function mountDashboard(root, { ask, exportTable, file }) {
  const find = (selector) => root.querySelector(selector);

  function show(section, html) {
    const place = find(`[data-section="${section}"]`);
    if (!place) return;
    const chosen = place.value; // of a list of choices
    draw(place, html);
    if (chosen && place.value !== chosen) place.selectedIndex = -1; // and not silently another
  }

  function say({ message, error }) {
    const place = find("[data-message]");
    place.textContent = message || error || "";
    place.classList.toggle("sq-wrong", Boolean(error));
  }

  const busy = new Set(); // not a mark on the button, which may be drawn anew meanwhile

  async function doing(what, request) {
    if (busy.has(what)) return;
    busy.add(what);
    say({ message: "…" });
    try {
      say(await request());
    } catch (failure) {
      say({ error: String(failure.message || failure) });
    } finally {
      busy.delete(what);
    }
  }

  function answers() {
    const filled = {};
    for (const field of root.querySelectorAll("[data-option]")) {
      filled[field.dataset.option] = field.type === "checkbox" ? field.checked : field.value;
    }
    return filled;
  }

  async function submission() {
    const way = find("input[name=way]:checked").value;
    const request = { do: "submit", way, name: find("[data-name]").value, options: answers() };
    request.refresh = find("[data-refresh]").checked;
    if (way === "urls") request.urls = find("[data-urls]").value;
    if (way === "frame") request.frame = find("[data-frame]").value;
    if (way === "file") {
      const chosen = find("[data-file]").files[0];
      if (!chosen) throw new Error("no file is chosen");
      request.column = find("[data-column]").value;
      request.file = await file(chosen);
    }
    return ask(request);
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action], button[data-export]");
    const batch = button?.closest("[data-batch]")?.dataset.batch;
    if (!batch) return;
    const { action, export: ending } = button.dataset;
    doing(`${batch} ${action || ending}`, () => (ending ? exportTable(batch, ending) : ask({ do: action, batch })));
  });
  root.addEventListener("change", (event) => {
    if (event.target.name !== "way") return;
    for (const place of root.querySelectorAll("[data-way]")) {
      place.hidden = place.dataset.way !== event.target.value;
    }
  });
  find("[data-form]").addEventListener("submit", (event) => {
    event.preventDefault();
    doing("submit", submission);
  });
  for (const event of ["keydown", "keyup", "keypress"]) {
    // a notebook's own keys must not act while somebody types, nor its letters on a button
    root.addEventListener(event, (key) => {
      const isShortcut = key.ctrlKey || key.metaKey;
      if (key.target.matches("input, textarea, select") || (key.target.matches("button, summary") && !isShortcut)) {
        key.stopPropagation();
      }
    });
  }
  return { show, say };
}
