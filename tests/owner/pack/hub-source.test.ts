import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { startHub } from "#tests/shared/blobs/hub-server.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { jsonl, pack, paragraphs, writeCorpus } from "./material.js";

const TOKEN = "hf_secretOfTheTest";
const NAME = "datasets/somebody/books";

describe("a pack of a data set of the Hub", { timeout: HANG_GUARD }, () => {
  it("is that of its files at a commit; a branch is refused, and the commit that it is now is said", async (t) => {
    const hub = await startHub(t, NAME, TOKEN);
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
    const texts = paragraphs().slice(0, 40);
    hub.commitElsewhere("README.md", Buffer.from("# Books"));
    hub.commitElsewhere("data/a.jsonl.gz", gzipSync(jsonl(texts.slice(0, 20))));
    hub.commitElsewhere("data/b.jsonl", Buffer.from(jsonl(texts.slice(20))));
    hub.commitElsewhere("other/c.jsonl", Buffer.from(jsonl(["not asked for"])));
    const folder = temporaryFolder(t);
    let commit = "";
    await assert.rejects(pack([`hf://${NAME}`], join(folder, "branch"), { env }), (thrown) => {
      assert.ok(coded("PACK_UNPINNED")(thrown), String(thrown));
      commit = /@([0-9a-f]{40})/.exec((thrown as { readonly hint: string }).hint)?.[1] ?? "";
      return true;
    });
    assert.match(commit, /^[0-9a-f]{40}$/);
    hub.commitElsewhere("data/b.jsonl", Buffer.from(jsonl(["a later version"])));
    const { hash } = await pack([`hf://${NAME}@${commit}/data`], join(folder, "hub"), { env });
    const local = await pack([writeCorpus(folder, texts)], join(folder, "local"));
    assert.equal(hash, local.hash);
    assert.ok(!hub.asked.some((request) => request.includes("/resolve/main/") || request.includes("other/c")));
    const none = pack([`hf://${NAME}@${commit}/docs`], join(folder, "none"), { env });
    await assert.rejects(none, coded("DATASET_EMPTY"));
  });
});
