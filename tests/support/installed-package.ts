import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface InstalledPackage {
  /** A project that has the package installed; its path has spaces. */
  readonly project: string;
  /** The package's own folder, which cannot be written. */
  readonly folder: string;
  /** Paths within the tarball. */
  readonly files: readonly string[];
  remove(): void;
}

const run = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
};

/** Packs this tree and unpacks the tarball where npm would install it; its dependencies are those that are installed here. */
export const installPackage = (): InstalledPackage => {
  const root = mkdtempSync(join(tmpdir(), "blockzero package "));
  const [{ filename, files }] = JSON.parse(
    run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", root]),
  ) as [{ filename: string; files: { path: string }[] }];
  const project = join(root, "a project");
  const modules = join(project, "node_modules");
  const folder = join(modules, "blockzero");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  run("tar", ["-xzf", join(root, filename), "-C", folder, "--strip-components=1"]);
  const own = resolve("node_modules");
  for (const name of readdirSync(own).filter((entry) => !entry.startsWith(".")))
    symlinkSync(join(own, name), join(modules, name));
  setWritable(folder, false);
  return {
    project,
    folder,
    files: files.map(({ path }) => path),
    remove: () => {
      setWritable(folder, true);
      rmSync(root, { recursive: true, force: true });
    },
  };
};

const setWritable = (folder: string, isWritable: boolean): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) setWritable(path, isWritable);
    else chmodSync(path, isWritable ? 0o644 : 0o444);
  }
  chmodSync(folder, isWritable ? 0o755 : 0o555);
};

/** Writes the examples of a page, which name their files, into a folder; gives those names. */
export const writeExamples = (page: string, folder: string): readonly string[] =>
  [...readFileSync(page, "utf8").matchAll(/^```js (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => {
    writeFileSync(join(folder, name!), code!);
    return name!;
  });
