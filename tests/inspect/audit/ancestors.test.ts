import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openFindings } from "#inspect/audit/findings.js";
import { manifestReader } from "#inspect/audit/manifest-reader.js";
import { withRepeats } from "#inspect/audit/repeats.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { ANCESTRY_DEPTH } from "#shared/replay/lineage.js";
import { template } from "#tests/support/micro-network.js";

/** A line of models, the oldest first, and a source that counts what it is asked for. */
const lineOf = (length: number) => {
  const network = sha256(Buffer.from("network"));
  const hub = { hash: sha256(Buffer.from("hub")), bytes: 3 };
  const models: { readonly hash: string; readonly manifest: ModelManifest }[] = [];
  for (let cycle = 0; cycle < length; cycle++) {
    const parent = models.at(-1)?.hash ?? null;
    const parts = { hub, groups: {} };
    const head = { version: 2, kind: "model", network: parent && network, cycle, parent } as const;
    const manifest: ModelManifest = { ...head, parts, config: template.model, steps: {}, merged: [] };
    models.push({ hash: modelHash(manifest), manifest });
  }
  const files = new Map(models.map(({ hash, manifest }) => [hash, canonicalBytes(manifest)]));
  const asked: string[] = [];
  const fetch = async ({ hash }: { readonly hash: string }) => {
    asked.push(hash);
    const bytes = files.get(hash);
    if (bytes === undefined) throw new BlockZeroError("FETCH_NOT_FOUND", `nobody has ${hash}`, "ask sooner");
    return bytes;
  };
  return { models, files, asked, fetch };
};

describe("the ancestors that an audit looks through", () => {
  it("are as many as validators look through, and each is read once however many cycles are audited", async () => {
    const { models, asked, fetch } = lineOf(4 * ANCESTRY_DEPTH);
    const manifestOf = manifestReader({ fetch });
    const newest = models.at(-1)!;
    await withRepeats([], newest, manifestReader({ fetch }), openFindings(1));
    assert.deepEqual(
      asked.splice(0),
      models
        .slice(-ANCESTRY_DEPTH)
        .map(({ hash }) => hash)
        .reverse(),
    );
    for (const model of models) {
      const findings = openFindings(model.manifest.cycle + 1);
      await withRepeats([], model, manifestOf, findings);
      assert.deepEqual(findings.finish().notes, []);
    }
    assert.deepEqual(
      asked.splice(0),
      models.map(({ hash }) => hash),
    );
    // Of the oldest nothing is kept.
    await manifestOf(models[0]!.hash);
    assert.equal(asked.length, 1);
  });

  it("are noted where they cannot be had, asked for again, and nothing else is hidden", async () => {
    const { models, files, asked, fetch } = lineOf(3);
    const [oldest, , newest] = models;
    files.delete(oldest!.hash);
    const manifestOf = manifestReader({ fetch });
    for (const expected of [3, 4]) {
      const findings = openFindings(3);
      await withRepeats([], newest!, manifestOf, findings);
      assert.match(findings.finish().notes.join(), /^ancestors of the base cannot be had/);
      assert.equal(asked.length, expected);
    }
    const broken = async () => {
      throw new TypeError("a fault of the program");
    };
    await assert.rejects(withRepeats([], newest!, broken, openFindings(3)), TypeError);
  });
});
