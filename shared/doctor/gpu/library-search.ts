import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { namesIn } from "#shared/files/names-in.js";

/** A machine's folders of libraries. */
export interface LibraryPlaces {
  /** Before every path: `/`, or a folder that looks like a machine. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const STANDARD = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
const CONFIGURATION = "/etc/ld.so.conf";
const MAX_INCLUDES = 64;

/** The folders in which the dynamic loader looks, in its order: LD_LIBRARY_PATH, those of ldconfig, the standard ones. */
export const loaderFolders = ({ root, env }: LibraryPlaces): readonly string[] => {
  const named = (env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder !== "");
  return [...new Set([...named, ...configured(root, CONFIGURATION, new Set()), ...STANDARD])];
};

/** Folders of a file of ldconfig, and of those that it includes. */
const configured = (root: string, file: string, seen: Set<string>): readonly string[] => {
  if (seen.has(file) || seen.size > MAX_INCLUDES) return [];
  seen.add(file);
  return linesOf(join(root, file)).flatMap((line) => {
    const pattern = /^include\s+(\S+)$/.exec(line)?.[1];
    if (pattern === undefined) return isAbsolute(line) ? [line] : [];
    const whole = isAbsolute(pattern) ? pattern : join(dirname(file), pattern);
    return matching(root, whole).flatMap((included) => configured(root, included, seen));
  });
};

/** Files that a pattern names whose last part may hold `*`. */
const matching = (root: string, pattern: string): readonly string[] => {
  const folder = dirname(pattern);
  const [before = "", after] = basename(pattern).split("*");
  const names = namesIn(join(root, folder)).filter((name) =>
    after === undefined ? name === before : name.startsWith(before) && name.endsWith(after),
  );
  return names.map((name) => join(folder, name));
};

/** Where a library lies in some folders, or null. */
export const findLibrary = (root: string, folders: readonly string[], soname: string): string | null =>
  folders.map((folder) => join(folder, soname)).find((path) => existsSync(join(root, path))) ?? null;

/**
 * The folders of NVIDIA's libraries below a folder of Python packages: `nvidia/cu13/lib` since CUDA 13, one a component before
 * (`nvidia/cublas/lib`, …).
 */
export const packageFolders = (root: string, packages: string): readonly string[] =>
  namesIn(join(root, packages, "nvidia"))
    .map((name) => join(packages, "nvidia", name, "lib"))
    .filter((folder) => existsSync(join(root, folder)));

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .filter((line) => line !== "");
  } catch {
    return [];
  }
};
