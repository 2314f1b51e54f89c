/**
 * Which files of a home cannot be made again. Left out are the lock, blobs (others have them, or they are added by name), what training under way
 * wrote, texts that were prepared for it, what an evaluator of one's own is given, and dry runs.
 *
 * @param path relative to the home, with `/`
 */
export const isIrreplaceable = (path: string): boolean => {
  const parts = path.split("/");
  const name = parts.at(-1)!;
  return (
    !parts.slice(0, -1).some((folder) => REPLACEABLE.has(folder)) && name !== "lock" && !/\.tmp$|\.now$/.test(name)
  );
};

const REPLACEABLE: ReadonlySet<string> = new Set(["blobs", "training", "data", "evaluator", "dry-run"]);
