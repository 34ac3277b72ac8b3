// The dashboard as a page: parts come as server-sent events, requests go by POST.

const post = async (path, body) => {
  const answer = await fetch(path, { method: "POST", body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};
const ask = (request) => post("requests", JSON.stringify(request));

async function exportTable(batch, ending) {
  const answer = await fetch(`exports/${encodeURIComponent(batch)}/${ending}`);
  if (!answer.ok) return { error: (await answer.json()).detail };
  const named = /filename="([^"]+)"|filename\*=utf-8''([^;]+)/.exec(answer.headers.get("content-disposition"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = named ? named[1] || decodeURIComponent(named[2]) : `batch.${ending}`;
  link.click();
  URL.revokeObjectURL(link.href);
  return { said: `saved ${link.download}` };
}

async function file(chosen) {
  const answer = await post(`files/${encodeURIComponent(chosen.name)}`, chosen);
  if (answer.error) throw new Error(answer.error);
  return answer.file;
}

const { show } = mountPanel(document.getElementById("panel"), { ask, exportTable, file });
const lost = (is) => {
  document.body.classList.toggle("away", is);
  document.getElementById("lost").hidden = !is;
};
const events = new EventSource("events"); // it connects again by itself
events.onopen = () => lost(false);
events.onerror = () => lost(true);
events.addEventListener("parts", ({ data }) => {
  for (const [section, html] of Object.entries(JSON.parse(data))) show(section, html);
});
