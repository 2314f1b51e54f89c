/**
 * Which files of a home cannot be made again. Left out are the lock, blobs (others have them, or they are added by name) and when they were used,
 * what training under way wrote, texts that were prepared for it, a validator's own trainings, which nobody else may know, what an evaluator of one's
 * own is given, dry runs, and what a file system found again.
 *
 * @param path relative to the home, with `/`
 */
export const isIrreplaceable = (path: string): boolean => {
  const parts = path.split("/");
  const name = parts.at(-1)!;
  return !parts.slice(0, -1).some(isLeftOut) && !UNKEPT.has(name) && !/\.tmp$|\.now$/.test(name);
};

const UNKEPT: ReadonlySet<string> = new Set(["lock", "used.jsonl"]);

/** Whether nothing in folders of this name is kept: nobody need look into them. */
export const isLeftOut = (folder: string): boolean => REPLACEABLE.has(folder);

/** The last is a disk's own, and root's alone to read. */
const REPLACEABLE: ReadonlySet<string> = new Set([
  "blobs",
  "training",
  "data",
  "witnesses",
  "evaluator",
  "dry-run",
  "lost+found",
]);
