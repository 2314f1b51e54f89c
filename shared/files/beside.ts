import { dirname, isAbsolute, join } from "node:path";

/** A path from a file. It is relative to that file's folder. `~/` stays the home folder, and an empty path stays empty. */
export const pathBeside = (file: string, path: string): string =>
  path === "" || path.startsWith("~/") || isAbsolute(path) ? path : join(dirname(file), path);
