import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** A folder of an installed package that nothing here ever reads. */
export interface Unneeded {
  readonly path: string;
  readonly bytes: number;
  readonly why: string;
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
}

/** The folder of the last of these packages as the one before it finds it, or null. */
const folderOf = (...path: readonly string[]): string | null => {
  try {
    let from = import.meta.url;
    for (const name of path) from = createRequire(from).resolve(`${name}/package.json`);
    // Some have a package.json of their own for each kind of module.
    const folder = join("node_modules", path.at(-1)!);
    return from.slice(0, from.lastIndexOf(folder) + folder.length);
  } catch {
    return null;
  }
};

/**
 * What an installation holds for nothing: ONNX Runtime for other machines than this one, and the recorded metadata of other chains, which only
 * the tests of Polkadot's packages read.
 */
export const unneededFolders = (
  machine: Machine = process,
  runtime = folderOf("onnxruntime-node"),
  recordings = folderOf("@polkadot/api", "@polkadot/rpc-provider", "@polkadot/types-support"),
): readonly Unneeded[] => [
  ...(runtime === null ? [] : otherMachines(join(runtime, "bin"), machine)),
  ...(recordings === null
    ? []
    : [join("cjs", "metadata"), "metadata"]
        .map((name) => join(recordings, name))
        .filter((path) => existsSync(path))
        .map((path) => ({ path, bytes: bytesOf(path), why: "recorded metadata of other chains" }))),
];

/** `bin/napi-v6/linux/x64` and its like, but for this machine's; none where this machine has none, so that nothing is lost by a mistake. */
const otherMachines = (bin: string, { platform, arch }: Machine): readonly Unneeded[] =>
  foldersIn(bin).flatMap((version) => {
    const machines = foldersIn(join(bin, version)).flatMap((os) =>
      foldersIn(join(bin, version, os)).map((processor) => ({ os, processor })),
    );
    if (!machines.some(({ os, processor }) => os === platform && processor === arch)) return [];
    return machines
      .filter(({ os, processor }) => os !== platform || processor !== arch)
      .map(({ os, processor }) => {
        const path = join(bin, version, os, processor);
        return { path, bytes: bytesOf(path), why: `ONNX Runtime for ${os}, ${processor}` };
      });
  });

/** Deletes them. @throws BlockZeroError FILE_UNWRITABLE */
export const remove = (folders: readonly Unneeded[]): void => {
  for (const { path } of folders) {
    try {
      rmSync(path, { recursive: true });
    } catch (thrown) {
      throw new BlockZeroError(
        "FILE_UNWRITABLE",
        `${path}: ${reasonOf(thrown)}`,
        "run it as the user who installed the package",
        { cause: thrown },
      );
    }
  }
};

const foldersIn = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort()
    : [];

/** Of all files below a folder. */
const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const entry = lstatSync(join(folder, name));
    return sum + (entry.isFile() ? entry.size : 0);
  }, 0);
