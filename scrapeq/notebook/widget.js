// The dashboard in a notebook: parts are traits of the widget, requests are its messages.
// Goes with morph.js and dashboard.js.

const MOST_FILE = 8_000_000; // bytes; Jupyter's servers end a connection at 10 MiB a message
const SLOW_MS = 3000; // until a message that there is no answer yet

function render({ model, el }) {
  draw(el, model.get("shell"));
  const waiting = new Map();
  let asked = 0;
  const ask = (request, buffers = []) =>
    new Promise((resolve) => {
      const id = `${Date.now()}-${asked++}`;
      const slow = setTimeout(() => dashboard.say({ message: "waiting for the kernel: a cell runs, or the kernel has ended" }), SLOW_MS);
      waiting.set(id, (answer) => {
        clearTimeout(slow);
        resolve(answer);
      });
      model.send({ id, request }, undefined, buffers);
    });
  const answered = ({ id, answer }) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  const exportTable = (batch, ending) => ask({ do: "export", batch, name: ending });
  async function file(chosen) {
    if (chosen.size > MOST_FILE) {
      throw new Error("the file is too large for a notebook's connection; sq.scrape('file.csv') reads it");
    }
    const answer = await ask({ do: "file", name: chosen.name }, [await chosen.arrayBuffer()]);
    if (answer.error) throw new Error(answer.error);
    return answer.file;
  }
  const dashboard = mountDashboard(el, { ask, exportTable, file });
  const stops = [];
  const follow = (event, act) => {
    model.on(event, act);
    stops.push(() => model.off(event, act));
  };
  for (const { dataset } of el.querySelectorAll("[data-section]")) {
    const part = `part_${dataset.section}`;
    const show = () => dashboard.show(dataset.section, model.get(part));
    show();
    follow(`change:${part}`, show);
  }
  follow("msg:custom", answered);
  return () => stops.forEach((stop) => stop());
}

export default { render };
