import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the compiled tree. */
const DIST = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A compiled module and all that it imports, as a browser takes them: path under dist/ → code.
 *
 * @param nameOf the specifier by which the browser finds a module, by its path
 * @throws Error where a module imports what no browser has
 */
export const browserModules = (entry: string, nameOf: (path: string) => string): ReadonlyMap<string, string> => {
  const modules = new Map<string, string>();
  const add = (path: string): void => {
    if (modules.has(path)) return;
    modules.set(path, "");
    const code = readFileSync(join(DIST, path), "utf8")
      .replace(/^\/\/# sourceMappingURL=.*$/m, "")
      .replace(/\b(from|import) "([^"]+)"/g, (_, keyword: string, specifier: string) => {
        const target = targetOf(path, specifier);
        add(target);
        return `${keyword} "${nameOf(target)}"`;
      });
    modules.set(path, code);
  };
  add(entry);
  return modules;
};

const targetOf = (importer: string, specifier: string): string => {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (specifier.startsWith(".")) return relative(DIST, join(DIST, dirname(importer), specifier)).replaceAll("\\", "/");
  throw new Error(`${importer} imports "${specifier}", which no browser has`);
};
