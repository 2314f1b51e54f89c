import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, until } from "../../support/subnet.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { collectingLog } from "../chain/support.js";

const { log } = collectingLog();
const artifact = Buffer.from("what ann trained");
const hash = sha256(artifact);

describe("what a participant publishes", { timeout: HANG_GUARD }, () => {
  it("cannot be fetched before the reveal phase, by anybody, and then by everybody", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const { start } = subnet.window(1, "reveal");
    ann.embargo.hold(hash, start);
    await ann.blobs.put(artifact);
    const request = { hash, maxBytes: 100, location: ann.location };
    const stranger = createBlobClient({ allowPrivateAddresses: true, log });
    const validator = createBlobClient({ allowPrivateAddresses: true, log, signer: subnet.signer("vera") });
    await subnet.to(start - 1);
    for (const client of [stranger, validator])
      await assert.rejects(client.fetchBlob(request), { code: "FETCH_NOT_FOUND" });
    await subnet.to(start);
    for (const client of [stranger, validator])
      assert.deepEqual(Buffer.from(await client.fetchBlob(request)), artifact);
  });

  it("is served from its store elsewhere when it is no longer here, and not before its time either", async (t) => {
    const subnet = await openSubnet(t);
    const elsewhere = temporaryFolder(t);
    const ann = await subnet.join("ann", { store: `directory:${elsewhere}`, checkpoint_keep_top_k: 1 });
    const { start } = subnet.window(1, "reveal");
    ann.embargo.hold(hash, start);
    await ann.blobs.turn(1);
    await ann.blobs.put(artifact);
    await until(t, () => directoryStore(elsewhere).has(hash));
    await until(t, async () => {
      await ann.blobs.turn(3);
      return !(await directoryStore(join(subnet.home, "ann", ann.signer.address, "blobs")).has(hash));
    });
    const client = createBlobClient({ allowPrivateAddresses: true, log });
    const request = { hash, maxBytes: 100, location: ann.location };
    await assert.rejects(client.fetchBlob(request), { code: "FETCH_NOT_FOUND" });
    await subnet.to(start);
    assert.deepEqual(Buffer.from(await client.fetchBlob(request)), artifact);
  });

  it("is not announced where nobody could fetch it", async (t) => {
    const subnet = await openSubnet(t);
    await assert.rejects(subnet.join("ann", { allow_private_addresses: false }), { code: "LOCATION_PRIVATE" });
  });

  it("goes to hotkeys of the subnet alone where strangers are shut out", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann", { "listen.strangers": false });
    const vera = await subnet.join("vera");
    await ann.blobs.put(artifact);
    const stranger = createBlobClient({ allowPrivateAddresses: true, log });
    const request = { hash, maxBytes: 100 };
    await assert.rejects(stranger.fetchBlob({ ...request, location: ann.location }), { code: "FETCH_UNAUTHORIZED" });
    const { signal } = vera;
    assert.deepEqual(Buffer.from(await vera.blobs.get({ ...request, locations: [ann.location], signal })), artifact);
  });
});
