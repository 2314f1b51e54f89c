import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browserModules } from "#shared/browser/modules.js";
import { type Document, documentOf } from "./document.js";

/** Where the page's own files are; TypeScript compiles its modules beside this file. */
const PAGE = fileURLToPath(new URL("../../../inspect/dashboard/page/", import.meta.url));
const ENTRY = "inspect/dashboard/page/app.js";

/** All files of the page by their path on the server: nothing is fetched from elsewhere. */
export const pageFiles = (): ReadonlyMap<string, Document> => {
  const chart = join(dirname(createRequire(import.meta.url).resolve("chart.js")), "chart.umd.min.js");
  const modules = [...browserModules(ENTRY, pathOf)].map(([path, code]) => [pathOf(path), script(code)] as const);
  // All modules are named, so that they are fetched at once and not one after the other's imports.
  const links = modules.map(([path]) => `<link rel="modulepreload" href="${path}">`);
  const page = readFileSync(join(PAGE, "index.html"), "utf8").replace("<!-- modules -->", links.join("\n"));
  return new Map([
    ["/", documentOf(page, "text/html; charset=utf-8")],
    ["/assets/dashboard.css", documentOf(readFileSync(join(PAGE, "dashboard.css"), "utf8"), "text/css; charset=utf-8")],
    ["/assets/chart.js", script(readFileSync(chart, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""))],
    ...modules,
  ]);
};

const pathOf = (path: string): string => `/assets/${path}`;

const script = (code: string): Document => documentOf(code, "text/javascript; charset=utf-8");
