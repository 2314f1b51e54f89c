import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageInput } from "./page/input.js";

/** Root of the compiled tree, and of the sources beside it. */
const DIST = fileURLToPath(new URL("../../", import.meta.url));
const ENTRY = "owner/rewards/page/app.js";

/**
 * One HTML file with everything in it: charts, the command's own run, and the compiled modules of the simulation themselves, which an
 * import map hands to the browser. What it simulates as controls move is what the command would, over as many cycles as it says.
 */
export const rewardsPage = (input: PageInput): string => {
  const parts: Readonly<Record<string, string>> = {
    INPUT: inScript(JSON.stringify(input)),
    CHART: inScript(
      readFileSync(join(dirname(createRequire(import.meta.url).resolve("chart.js")), "chart.umd.min.js"), "utf8"),
    ),
    MODULES: inScript(JSON.stringify({ imports: Object.fromEntries(modulesFrom(ENTRY)) })),
    ENTRY: nameOf(ENTRY),
  };
  const template = readFileSync(join(DIST, "..", "owner/rewards/page/template.html"), "utf8");
  return template.replace(/@([A-Z]+)@/g, (_, part: string) => parts[part]!);
};

/** Every module that the entry needs: its name → a data URL of its code. */
const modulesFrom = (entry: string): ReadonlyMap<string, string> => {
  const modules = new Map<string, string>();
  const add = (path: string) => {
    if (modules.has(nameOf(path))) return;
    modules.set(nameOf(path), "");
    const code = readFileSync(join(DIST, path), "utf8")
      .replace(/^\/\/# sourceMappingURL=.*$/m, "")
      .replace(/\bfrom "([^"]+)"/g, (_, specifier: string) => {
        const target = targetOf(path, specifier);
        add(target);
        return `from "${nameOf(target)}"`;
      });
    modules.set(nameOf(path), `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  };
  add(entry);
  return modules;
};

const targetOf = (importer: string, specifier: string): string => {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (specifier.startsWith(".")) return relative(DIST, join(DIST, dirname(importer), specifier));
  throw new Error(`${importer} imports "${specifier}", which no browser has`);
};

const nameOf = (path: string): string => `#${path.replaceAll("\\", "/")}`;

/** A script element ends at the first `</script`, wherever it stands. */
const inScript = (text: string): string => text.replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
