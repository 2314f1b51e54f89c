import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fakePeer = fileURLToPath(new URL("fake-peer.js", import.meta.url));

/**
 * A program to start in place of Python, in a folder.
 * @param fault of `fake-peer.ts`: request, fault, and the how manieth of these requests is the first to fail; none without
 */
export const fakePython = async (folder: string, fault = ""): Promise<string> => {
  const python = join(folder, `python ${fault}`.trim());
  await writeFile(python, `#!/bin/sh\nexec "${process.execPath}" "${fakePeer}" ${fault}\n`, { mode: 0o700 });
  return python;
};
