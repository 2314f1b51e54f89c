import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browserModules } from "#shared/browser/modules.js";
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
const modulesFrom = (entry: string): ReadonlyMap<string, string> =>
  new Map(
    [...browserModules(entry, nameOf)].map(([path, code]) => [
      nameOf(path),
      `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`,
    ]),
  );

const nameOf = (path: string): string => `#${path}`;

/** A script element ends at the first `</script`, wherever it stands. */
const inScript = (text: string): string => text.replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
