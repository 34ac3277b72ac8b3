// Builds the pages: npm ci --ignore-scripts && npm run build (see README.md).
//
// For each framework one bundle and one HTML file for each kind of page that it can be; for those that
// render on a server, also the page as their server sends it ("whole"), which a browser takes over.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { compile } from "svelte/compiler";

const OUT = "built";
const ANY = ["list", "late", "chained", "lazy", "timer", "endless", "tabs"];
const REACT_NOTE = "<noscript>You need to enable JavaScript to run this app.</noscript>";
const APPS = {
  react: { mount: `${REACT_NOTE}<div id="root"></div>`, kinds: ANY },
  preact: { mount: '<div id="app"></div>', kinds: ANY },
  vue: { mount: '<div id="app"></div>', kinds: ANY },
  svelte: { mount: '<div id="mount"></div>', kinds: ANY },
  solid: { mount: '<div id="root"></div>', kinds: ANY },
  angular: { mount: "<app-root></app-root>", kinds: ANY },
  lit: { mount: "<shop-page></shop-page>", kinds: ANY },
  plain: { mount: '<div id="app"></div>', kinds: [...ANY.slice(0, -1), "frame"] },
};

const svelte = (generate) => ({
  name: "svelte",
  setup: (made) =>
    made.onLoad({ filter: /\.svelte$/ }, ({ path }) => ({
      contents: compile(readFileSync(path, "utf8"), { generate, filename: "Shop.svelte" }).js.code,
      resolveDir: "apps",
    })),
});

const packages = new Set();

// A bundle as servers keep it, compressed; what it was made of is noted in `packages`.
async function bundle(name) {
  const made = await build({
    entryPoints: [`apps/${name}.js`],
    plugins: [svelte("client")],
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "eof",
    define: { "process.env.NODE_ENV": '"production"', ngDevMode: "false", ngJitMode: "true" },
    logLevel: "error",
  });
  for (const path of Object.keys(made.metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
    if (found) packages.add(found[1]);
  }
  writeFileSync(`${OUT}/${name}.js.gz`, gzipSync(made.outputFiles[0].contents, { level: 9 }));
}

const html = (kind, body, script) => `<!doctype html>
<html lang="en" data-page="${kind}"><head><meta charset="utf-8"><title>The shop</title>
<script type="module" crossorigin src="/built/${script}.js"></script></head>
<body>${body}</body></html>
`;

// The page as the server sends it, by framework: the same app, run in Node.
const SERVER = {
  react: `import { createElement as h } from "react"; import { renderToString } from "react-dom/server.edge";
    import { Shop } from "./react.js"; import { offersOf } from "./shop.js";
    export default '<div id="root">' + renderToString(h(Shop, { first: offersOf(1) })) + "</div>";`,
  preact: `import { h } from "preact"; import { renderToString } from "preact-render-to-string";
    import { Shop } from "./preact.js"; import { offersOf } from "./shop.js";
    export default '<div id="app">' + renderToString(h(Shop, { first: offersOf(1) })) + "</div>";`,
  vue: `import { createSSRApp } from "vue"; import { renderToString } from "vue/server-renderer";
    import { Shop } from "./vue.js"; import { offersOf } from "./shop.js";
    export default '<div id="app">' + await renderToString(createSSRApp(Shop, { first: offersOf(1) })) + "</div>";`,
  svelte: `import { render } from "svelte/server"; import Shop from "./Shop.svelte"; import { offersOf } from "./shop.js";
    export default '<div id="mount">' + (await render(Shop, { props: { first: offersOf(1) } })).body + "</div>";`,
  angular: `import { providers, Shop } from "./angular-shop.js";
    import { bootstrapApplication, provideClientHydration } from "@angular/platform-browser";
    import { provideServerRendering, renderApplication } from "@angular/platform-server";
    const start = (context) => bootstrapApplication(Shop, { providers: [...providers, provideClientHydration(), provideServerRendering()] }, context);
    const page = await renderApplication(start, { document: "<html><head></head><body><app-root></app-root></body></html>", url: "/", allowedHosts: ["*"] });
    export default page.slice(page.indexOf("<body>") + 6, page.indexOf("</body>"));`,
};

rmSync(OUT, { recursive: true, force: true });
rmSync("node_modules/.server", { recursive: true, force: true });
mkdirSync(OUT);
const pages = {};
await bundle("lazy");
for (const [name, { mount, kinds }] of Object.entries(APPS)) {
  await bundle(name);
  for (const kind of kinds) pages[`${name}-${kind}`] = html(kind, mount, name);
}
for (const [name, contents] of Object.entries(SERVER)) {
  const out = `node_modules/.server/${name}.mjs`;
  await build({
    stdin: { contents, resolveDir: "apps" },
    outfile: out,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    plugins: [svelte("server")],
    logLevel: "error",
  });
  const { default: body } = await import(new URL(out, import.meta.url).href);
  pages[`${name}-whole`] = html("whole", body, name);
}
writeFileSync(`${OUT}/pages.json`, `${JSON.stringify(pages, null, 1)}\n`);

const licences = [...packages].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(`${OUT}/LICENSES.txt`, licences.join("\n----\n\n"));
