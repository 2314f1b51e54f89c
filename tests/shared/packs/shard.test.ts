import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { chooseShards } from "#shared/packs/choose-shards.js";
import { blobPath, openPackFolder } from "#shared/packs/pack-folder.js";
import { packSource } from "#shared/packs/pack-source.js";
import { decodeShard, encodeShard, type ShardDocument } from "#shared/packs/shard.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes, hashJson } from "#shared/protocol/hash-json.js";
import { type PackManifest, parsePackManifest } from "#shared/protocol/pack-manifest.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import vector from "../../vectors/pack.json" with { type: "json" };

const document = (ids: readonly number[], counts?: readonly number[]): ShardDocument => ({
  ids: Uint32Array.from(ids),
  bytes: ids.length,
  ...(counts && { counts: Uint8Array.from(counts) }),
});

const documents = [document([104, 105]), document([1, 2, 3, 4, 5, 6, 7, 8, 9]), document([256])];

describe("a shard", () => {
  it("gives back its documents, narrow and wide, with and without a mask", () => {
    for (const size of [257, 65_536, 65_537, 151_669]) {
      const shard = decodeShard(encodeShard(documents, size), size);
      assert.deepEqual([shard.documents, shard.tokens, shard.textBytes], [3, 12, 12]);
      for (const [i, expected] of documents.entries()) assert.deepEqual(shard.document(i), expected);
      assert.throws(() => shard.document(3), RangeError);
    }
    const masked = [
      document([1, 2, 3], [0, 1, 1]),
      document([4], [0]),
      document([5, 6, 7, 8, 9, 10], [1, 0, 1, 0, 1, 1]),
    ];
    const shard = decodeShard(encodeShard(masked, 300), 300);
    for (const [i, expected] of masked.entries()) assert.deepEqual(shard.document(i), expected);
    const mixed = decodeShard(encodeShard([document([1]), document([2], [0])], 300), 300);
    assert.deepEqual(mixed.document(0).counts, Uint8Array.of(1), "where one has a mask, all have");
  });

  it("is refused with one code wherever a byte of it is cut or wrong", () => {
    const sound = encodeShard([document([1, 2, 3], [0, 1, 1]), document([4], [0])], 300);
    for (let length = 0; length < sound.length; length++)
      assert.throws(() => decodeShard(sound.subarray(0, length), 300), coded("PACK_MALFORMED"));
    assert.throws(() => decodeShard(Buffer.concat([sound, Buffer.from([0])]), 300), coded("PACK_MALFORMED"));
    let refused = 0;
    for (let at = 0; at < sound.length; at++)
      for (const flip of [1, 0x80, 0xff]) {
        const bytes = Uint8Array.from(sound);
        bytes[at]! ^= flip;
        try {
          decodeShard(bytes, 300);
        } catch (thrown) {
          assert.ok(coded("PACK_MALFORMED")(thrown), String(thrown));
          refused++;
        }
      }
    assert.ok(refused > 100, `${refused} were refused`);
    const huge = Uint8Array.from(sound);
    new DataView(huge.buffer).setUint32(8, 0xffffffff, true);
    new DataView(huge.buffer).setUint32(12, 0xffffffff, true);
    assert.throws(() => decodeShard(huge, 300), coded("PACK_MALFORMED"));
    assert.throws(() => decodeShard(sound, 4), coded("PACK_MALFORMED", /token 3 is 4, the tokenizer has 4/));
  });
});

describe("a pack's manifest", () => {
  it("and its shards are the bytes of the vector", () => {
    const bytes = Buffer.from(vector.shard, "hex");
    const shard = decodeShard(bytes, vector.manifest.tokenizer.size);
    assert.deepEqual(
      Array.from({ length: shard.documents }, (_, i) => {
        const { ids, counts, bytes: length } = shard.document(i);
        return { ids: [...ids], counts: [...(counts ?? [])], bytes: length };
      }),
      vector.documents,
    );
    assert.equal(sha256(bytes), vector.manifest.held_out[0]!.hash);
    assert.equal(hashJson(vector.manifest as PackManifest), vector.hash);
    assert.ok(parsePackManifest(canonicalBytes(vector.manifest)).ok);
    assert.ok(parsePackManifest(canonicalBytes({ ...vector.manifest, separators: "written" })).ok);
  });

  it("is refused where it is not canonical, too large, or names what no pack has", () => {
    const { manifest } = vector;
    const refusals: readonly (readonly [unknown, RegExp])[] = [
      [{ ...manifest, more: 1 }, /more/],
      [{ ...manifest, separators: "none" }, /separators/],
      [{ ...manifest, held_out: [] }, /there is no shard/],
      [{ ...manifest, training: manifest.held_out }, /named twice/],
      [{ ...manifest, tokenizer: { name: "words", size: 3 } }, /tokenizer/],
      [{ ...manifest, held_out: [{ ...manifest.held_out[0], bytes: 2 ** 40 }] }, /bytes/],
      ...(["documents", "tokens", "text_bytes"] as const).map(
        (key) => [{ ...manifest, held_out: [{ ...manifest.held_out[0], [key]: 2 ** 53 - 1 }] }, RegExp(key)] as const,
      ),
    ];
    for (const [changed, problem] of refusals) {
      const parsed = parsePackManifest(canonicalBytes(changed));
      assert.match(parsed.ok ? "" : parsed.problem, problem);
    }
    assert.equal(parsePackManifest(Buffer.from(JSON.stringify(manifest, null, 1))).ok, false);
    assert.equal(parsePackManifest(Uint8Array.of(0xff)).ok, false);
  });
});

describe("a pack as a source", () => {
  const shards = [documents, [document([9, 9])]].map((one) => encodeShard(one, 257));
  const refs = shards.map((bytes) => {
    const { documents: count, tokens, textBytes } = decodeShard(bytes, 257);
    return { hash: sha256(bytes), bytes: bytes.length, documents: count, tokens, text_bytes: textBytes };
  });
  const manifest: PackManifest = {
    version: 1,
    kind: "pack",
    tokenizer: { name: "byte", size: 257 },
    training: [refs[0]!],
    held_out: [refs[1]!],
  };

  it("gives documents with their side, and refuses a shard that was changed", (t) => {
    const folder = temporaryFolder(t);
    const path = blobPath(folder, hashJson(manifest));
    const put = (file: string, bytes: Uint8Array) => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    };
    put(path, canonicalBytes(manifest));
    for (const [i, bytes] of shards.entries()) put(blobPath(folder, refs[i]!.hash), bytes);
    const pack = openPackFolder(path, hashJson(manifest));
    const source = packSource(pack, [
      { side: "training", ref: refs[0]! },
      { side: "held-out", ref: refs[1]! },
    ]);
    assert.equal(source.size, 4);
    assert.deepEqual(source.place(3, 0.5), { side: "held-out", bytes: 2 });
    assert.deepEqual(source.place(1, 0.5), { side: "training", bytes: 9 });
    assert.deepEqual(source.tokens(3), { ids: Uint32Array.of(9, 9) });
    const whole = packSource({ ...pack, manifest: { ...manifest, separators: "written" } }, [
      { side: "held-out", ref: refs[1]! },
    ]);
    assert.deepEqual(whole.tokens(0), { ids: Uint32Array.of(9, 9), isWhole: true });
    assert.throws(() => source.tokens(4), RangeError);
    assert.throws(() => openPackFolder(path, "0".repeat(64)), coded("DATASET_MISMATCH"));
    const other = { ...refs[0]!, hash: sha256(Buffer.from("other")) };
    put(blobPath(folder, other.hash), shards[0]!);
    assert.throws(() => packSource(pack, [{ side: "training", ref: other }]).tokens(0), coded("PACK_MALFORMED"));
    put(join(folder, "x.json"), Buffer.from("{}"));
    assert.throws(() => openPackFolder(join(folder, "x.json")), coded("PACK_MALFORMED"));
  });

  it("is drawn from a seeded choice of its shards, in their order", () => {
    const many = { training: Array.from({ length: 50 }, (_, i) => ({ ...refs[0]!, documents: i + 1 })) };
    const chosen = chooseShards(many, { seed: "a", most: 8 }).map(({ documents: number }) => number);
    assert.equal(new Set(chosen).size, 8);
    assert.deepEqual(
      [...chosen].sort((a, b) => a - b),
      chosen,
    );
    assert.deepEqual(chooseShards(many, { seed: "a", most: 8 }).length, 8);
    assert.notDeepEqual(chooseShards(many, { seed: "b", most: 8 }), chooseShards(many, { seed: "a", most: 8 }));
    assert.equal(chooseShards(many, { seed: "a", most: 50 }), many.training);
  });
});
