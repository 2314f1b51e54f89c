import { dirname, isAbsolute, join } from "node:path";

/** A path that a file names, which is relative to that file's folder; `~/` stays the home folder, and no path none. */
export const pathBeside = (file: string, path: string): string =>
  path === "" || path.startsWith("~/") || isAbsolute(path) ? path : join(dirname(file), path);
