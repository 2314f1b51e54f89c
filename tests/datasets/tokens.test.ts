import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkSources, openTokens } from "#datasets/tokens.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { blobPath } from "#shared/packs/pack-folder.js";
import { decodeShard, encodeShard } from "#shared/packs/shard.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

test("a pack whose manifest gives the tokenizer more ids than it has is refused before a token is read", (t) => {
  const path = temporaryFolder(t);
  const put = (file: string, bytes: Uint8Array) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  };
  const packOf = (size: number, ids: Uint32Array) => {
    const shard = encodeShard([{ ids, bytes: 2 }], size);
    const { documents, tokens, textBytes } = decodeShard(shard, size);
    const ref = { hash: sha256(shard), bytes: shard.length, documents, tokens, text_bytes: textBytes };
    const tokenizer = { name: "byte", size };
    put(blobPath(join(path, "blobs"), ref.hash), shard);
    put(
      join(path, "manifest.json"),
      canonicalBytes({ version: 1, kind: "pack", tokenizer, training: [ref], held_out: [] }),
    );
  };
  const open = () => openTokens({ kind: "pack", path }, byteTokenizer, { side: "training" });
  packOf(byteTokenizer.size, Uint32Array.of(1, 2));
  assert.deepEqual(open().tokens(0).ids, Uint32Array.of(1, 2));
  packOf(60_000, Uint32Array.of(59_999, 2));
  assert.throws(open, {
    code: "PACK_TOKENIZER",
    message: /byte with 60000 ids, the network those of byte with 257 ids/,
  });
  const network = {
    groups: { prose: { experts: { "0": [0] }, data: [{ kind: "pack", path, weight: 1 }] } },
    data: { tokenizer: "byte" as const, split: "sha256" as const, sequence_length: 8, held_out: 0.1 },
  } satisfies Pick<Network, "groups" | "data">;
  assert.throws(
    () => checkSources(network),
    { code: "PACK_TOKENIZER" },
    "a check of the network's sources sees it too",
  );
  const isHere = () => false;
  assert.doesNotThrow(() => checkSources(network, isHere));
});
