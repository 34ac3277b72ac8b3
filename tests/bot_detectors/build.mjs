// Builds the page's bundle: npm ci --ignore-scripts && npm run build (see README.md).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const OUT = "built";
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
const made = await build({
  entryPoints: ["page.js"],
  write: false,
  metafile: true,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "eof",
  logLevel: "error",
});
writeFileSync(`${OUT}/page.js.gz`, gzipSync(made.outputFiles[0].contents, { level: 9 }));

const packages = new Set();
for (const path of Object.keys(made.metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  if (found) packages.add(found[1]);
}
const licences = [...packages].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
});
writeFileSync(`${OUT}/LICENSES.txt`, licences.join("\n----\n\n"));
