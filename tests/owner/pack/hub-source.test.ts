import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { ErrorCode } from "#shared/errors/error.js";
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

  it("is of what this call names, whatever a call that was cut short fetched for another", async (t) => {
    const hub = await startHub(t, NAME, TOKEN);
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
    const texts = paragraphs().slice(0, 40);
    hub.commitElsewhere("data/a.jsonl", Buffer.from(jsonl(texts.slice(0, 20))));
    hub.commitElsewhere("other/b.jsonl", Buffer.from(jsonl(texts.slice(20))));
    const folder = temporaryFolder(t);
    const out = join(folder, "out");
    const [data, other, docs] = ["data", "other", "docs"].map((path) => `hf://${NAME}@${hub.head()}/${path}`);
    hub.corrupt((bytes, path) => (path === "other/b.jsonl" ? bytes.toReversed() : bytes));
    await assert.rejects(pack([data!, other!], out, { env }), coded("HUB_CONTENT_MISMATCH"));
    hub.corrupt(null);
    await assert.rejects(pack([docs!], out, { env }), coded("DATASET_EMPTY", /\/docs has no file of documents$/));
    await assert.rejects(pack([docs!], out, { env }), coded("DATASET_EMPTY", /\/docs has no file of documents$/));
    const { hash } = await pack([other!, other!], out, { env });
    assert.equal(hash, (await pack([writeCorpus(folder, texts.slice(20))], join(folder, "local"))).hash);
  });

  it("is not fetched before everything else that was named is found", async (t) => {
    const hub = await startHub(t, NAME, TOKEN);
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
    const folder = temporaryFolder(t);
    hub.commitElsewhere("a.jsonl", Buffer.from(jsonl(paragraphs().slice(0, 20))));
    const whole = `hf://${NAME}@${hub.head()}`;
    const refused = async (code: ErrorCode, source: string, benchmarks: readonly string[] = []) =>
      assert.rejects(pack([whole, source], join(folder, "out"), { env, benchmarks }), coded(code));
    await refused("HUB_NOT_FOUND", `hf://${NAME}@${"0".repeat(40)}`);
    await refused("PACK_UNPINNED", `hf://${NAME}`);
    await refused("DATASET_EMPTY", `${whole}/docs`);
    await refused("DATASET_NOT_FOUND", join(folder, "none.jsonl"));
    await refused("DATASET_NOT_FOUND", whole, [join(folder, "none.jsonl")]);
    await refused("DATASET_NOT_FOUND", whole, [folder]);
    assert.deepEqual(
      hub.asked.filter((request) => request.includes("/resolve/")),
      [],
    );
  });
});
