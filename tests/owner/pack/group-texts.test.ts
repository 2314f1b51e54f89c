import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { pinSources } from "#owner/network/pin-sources.js";
import { checkData } from "#owner/pack/check.js";
import { groupTexts } from "#owner/pack/group-texts.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { withTexts } from "#shared/packs/pinned-text.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { jsonl, pack, paragraphs, textsOf, writeCorpus } from "./material.js";

it("a group's text is found by its hash in a home, and of a pack the training shards that are there", async (t) => {
  const folder = temporaryFolder(t);
  const texts = paragraphs();
  const out = join(folder, "pack");
  const settings = { held_out: 0.1, shard_bytes: 20_000 };
  const { manifest } = await pack([writeCorpus(folder, texts.slice(0, 120))], out, { settings });
  assert.ok(manifest.training.length > 2);
  const blobs = join(folder, "home", "blobs");
  const store = directoryStore(blobs);
  const prose = { ...smallNetwork.groups.prose!, data: [{ kind: "pack", path: out, weight: 1 }] };
  const pinned = await pinSources(store, { prose });
  const published = { ...pinned.prose!, data: pinned.prose!.data.map(({ path: _, ...source }) => source) };
  for (const { hash } of manifest.training.slice(1)) await store.delete(hash);
  const network = await withTexts({ groups: { prose: published } }, async ({ sha256 }) => store.path(sha256));
  const { sources, shards } = groupTexts(network, "prose", { tokenizer: byteTokenizer, folders: [blobs] });
  assert.deepEqual(shards, { seen: 1, all: manifest.training.length });

  const [training, heldOut] = [textsOf(out, "training"), textsOf(out, "held_out")];
  const quoting = texts
    .slice(200, 203)
    .map((own, i) => `${own} ${[training[0]!, training.at(-1)!, heldOut[0]!][i]!.split(" ").slice(0, 20).join(" ")}`);
  const path = join(folder, "mine.jsonl");
  writeFileSync(path, jsonl([...texts.slice(203, 210), ...quoting]));
  const found = await checkData({
    path,
    settings: packSettingsSchema.parse({}),
    tokenizer: byteTokenizer,
    group: sources,
    heldOut: 0.1,
    signal: t.signal,
  });
  assert.deepEqual(found.overlap, { training: 1, "held-out": 1 }, "of the shards that are here");

  const whole = groupTexts({ groups: { prose } }, "prose", { tokenizer: byteTokenizer });
  assert.deepEqual(whole.shards, { seen: manifest.training.length, all: manifest.training.length });
  assert.equal(groupTexts(smallNetwork, "math", { tokenizer: byteTokenizer }).shards, null);
  assert.throws(() => groupTexts(smallNetwork, "verse", { tokenizer: byteTokenizer }), coded("GROUP_UNKNOWN"));
});
