// The dashboard as a page: parts come as server-sent events, requests go by POST.

history.replaceState(null, "", location.pathname); // the token leaves the address bar

async function call(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("not connected: does scrapeq dashboard still run?");
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}
const post = async (path, body) => (await call(path, { method: "POST", body })).json();
const ask = (request) => post("requests", JSON.stringify(request));

async function exportTable(batch, ending) {
  const answer = await call(`exports/${encodeURIComponent(batch)}/${ending}`);
  const named = /filename="([^"]+)"|filename\*=utf-8''([^;]+)/.exec(answer.headers.get("content-disposition"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = named ? named[1] || decodeURIComponent(named[2]) : `batch.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers begin to read it later
  return { message: `saved ${link.download}` };
}

async function file(chosen) {
  const answer = await post(`files/${encodeURIComponent(chosen.name)}`, chosen);
  if (answer.error) throw new Error(answer.error);
  return answer.file;
}

const { show } = mountDashboard(document.getElementById("dashboard"), { ask, exportTable, file });
const lost = document.getElementById("lost");
function connected(is, why = "not connected") {
  document.body.classList.toggle("away", !is);
  lost.hidden = is;
  lost.textContent = why;
}

let events;
function follow() {
  events = new EventSource("events"); // it connects again by itself, unless it is refused
  events.onopen = () => connected(true);
  events.onerror = () =>
    events.readyState === EventSource.CLOSED
      ? connected(false, "not connected: open the address that scrapeq dashboard printed")
      : connected(false);
  events.addEventListener("parts", ({ data }) => {
    for (const [section, html] of Object.entries(JSON.parse(data))) show(section, html);
  });
}
follow();
// Browsers open six connections to a server: a page that nobody sees leaves its own to others.
document.addEventListener("visibilitychange", () => {
  events.close();
  if (!document.hidden) follow();
});
