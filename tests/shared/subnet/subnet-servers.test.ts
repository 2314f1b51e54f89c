import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { subnetServers } from "#shared/subnet/subnet-servers.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID, template } from "#tests/support/micro-network.js";
import { openSubnet } from "#tests/support/subnet.js";

describe("the servers of a subnet, from outside", { timeout: HANG_GUARD }, () => {
  it("are validators too whose newest record names no location, once phases are known", async (t) => {
    const subnet = await openSubnet(t);
    const head = { network: shortHash(subnet.networkHash), cycle: 1 };
    const report = encodeRecord({ type: "report", ...head, report: "1".repeat(64), location: "http://127.0.0.1:1" });
    await subnet.to(subnet.window(1, "evaluate").end - 2);
    await subnet.record({ vera: report });
    await subnet.to(subnet.window(1, "choose").end - 2);
    await subnet.record({ vera: encodeRecord({ type: "ballot", ...head, votes: [null, null] }) });

    let phases: PhaseLengths | undefined;
    const servers = subnetServers(subnet.chain, NETUID, () => phases);
    assert.deepEqual(await servers(), [subnet.location]);
    phases = subnet.network.phases;
    assert.deepEqual(new Set(await servers()), new Set([subnet.location, "http://127.0.0.1:1"]));
  });

  it("are read once, unless the chain could not be", async () => {
    let reads = 0;
    const chain = {
      head: async () => ({ number: 5, hash: "0x00", parent: "0x00", timestamp: 0 }),
      commitments: async () => [],
      metagraph: async () => {
        reads++;
        if (reads > 1) return { netuid: NETUID, ownerHotkey: "", neurons: [] } as never;
        throw new BlockZeroError("CHAIN_UNREACHABLE", "no answer", "try later");
      },
    };
    const servers = subnetServers(chain, NETUID, () => template.phases);
    await assert.rejects(servers(), { code: "CHAIN_UNREACHABLE" });
    for (let round = 0; round < 3; round++) assert.deepEqual(await servers(), []);
    assert.equal(reads, 2);
  });
});
