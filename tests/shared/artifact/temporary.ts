import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a test, or whatever else opens things, closes them by. */
export interface Scope {
  after(close: () => unknown): void;
}

/** A folder that goes when its scope does. */
export const temporaryFolder = (scope: Scope): string => {
  const dir = mkdtempSync(join(tmpdir(), "blockzero-"));
  scope.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
