import { join, relative, sep } from "node:path";

/**
 * Where the links of a stranger's folder may lead: the folder, and for one in a snapshot in Hugging Face's cache the blobs that all its files are
 * links to.
 *
 * @param folder its real path
 */
export const linkRoots = (folder: string): readonly string[] => {
  const steps = folder.split(sep);
  const snapshots = steps.lastIndexOf("snapshots");
  if (snapshots < 1 || snapshots === steps.length - 1) return [folder];
  return [folder, join(steps.slice(0, snapshots).join(sep) || sep, "blobs")];
};

/** Whether a path lies below one of the folders; all are real paths. */
export const isInside = (path: string, roots: readonly string[]): boolean =>
  roots.some((root) => {
    const way = relative(root, path);
    return way !== "" && way.split(sep)[0] !== ".." && join(root, way) === path;
  });
