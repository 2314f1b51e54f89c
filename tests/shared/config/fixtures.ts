import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A file in a folder of its own that goes when the test ends; its path. */
export const temporaryFile = (context: TestContext, name: string, content: string | Uint8Array): string => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
