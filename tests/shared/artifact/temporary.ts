import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A folder that goes when the test does. */
export const temporaryFolder = (context: TestContext): string => {
  const dir = mkdtempSync(join(tmpdir(), "blockzero-"));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
