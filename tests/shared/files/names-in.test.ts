import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { namesIn } from "#shared/files/names-in.js";
import { temporaryFolder } from "../artifact/temporary.js";

it("names in a folder are sorted, and none where there is no folder", (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["b", "a"]) writeFileSync(join(folder, name), "");
  assert.deepEqual([namesIn(folder), namesIn(join(folder, "none")), namesIn(join(folder, "a"))], [["a", "b"], [], []]);
});
