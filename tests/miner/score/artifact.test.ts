import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findArtifact } from "#miner/score/artifact.js";
import { ownHome } from "#shared/files/own-home.js";
import { shortHash } from "#shared/protocol/records.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

const ADDRESS = "5Grw";
const NETWORK = "a".repeat(64);
const PACKED = "b".repeat(64);

describe("a miner's own artifacts", () => {
  it("are found in its home, and those of its dry runs where these lie apart", async (t) => {
    const folder = temporaryFolder(t);
    const home = ownHome(folder, ADDRESS, true);
    const shelf = join(home, "blobs", PACKED.slice(0, 2));
    for (const each of [shelf, join(home, shortHash(NETWORK))]) mkdirSync(each, { recursive: true });
    writeFileSync(join(shelf, PACKED), "no manifest");
    writeFileSync(
      join(home, shortHash(NETWORK), "miner.json"),
      JSON.stringify({ cycles: { 3: { artifact: PACKED } } }),
    );
    const miner = { address: ADDRESS, network: NETWORK };
    const folders = [join(home, "blobs")];
    assert.equal((await findArtifact(undefined, { folders, miner, isDry: true })).file, join(shelf, PACKED));
    await assert.rejects(findArtifact(undefined, { folders, miner }), { code: "ARTIFACT_UNKNOWN" });
  });
});
