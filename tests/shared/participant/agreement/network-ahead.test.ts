import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { networkAhead } from "#shared/participant/agreement/network-ahead.js";
import { secondsOf } from "#shared/planning/ahead.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { BEACON, openSubnet, type SubnetOptions } from "../../../support/subnet.js";
import { collectingLog } from "../../chain/support.js";

const { publicKey, genesisTime, period } = publicBeacon(BEACON);
const beacon = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1 };
const { log } = collectingLog();

const ahead = async (t: TestContext, options: SubnetOptions = {}, hasFile = false) => {
  const subnet = await openSubnet(t, options);
  const file = join(subnet.home, "network.json");
  writeFileSync(file, JSON.stringify(subnet.network));
  const config = subnet.validatorConfig("vera", hasFile ? { network: file } : {});
  return { subnet, found: await networkAhead(config, { log, signal: t.signal }) };
};

describe("a network that is planned", { timeout: HANG_GUARD }, () => {
  it("comes with the pace of its chain, which counts unless another is said", async (t) => {
    const { subnet, found } = await ahead(t, { network: { beacon } });
    assert.deepEqual(found.network, subnet.network);
    const [last, before] = await Promise.all([0, 1].map((by) => subnet.chain.timestamp(subnet.node.head.number - by)));
    assert.equal(found.blockSeconds, (last! - before!) / 1000);
    assert.notEqual(found.blockSeconds, 12);
    assert.deepEqual([secondsOf(undefined, found), secondsOf(3, found)], [found.blockSeconds, 3]);
  });

  it("comes without one where blocks are made on demand, and from a file", async (t) => {
    for (const hasFile of [false, true]) {
      const { found } = await ahead(t, {}, hasFile);
      assert.equal(found.blockSeconds, null);
      assert.equal(secondsOf(undefined, found), 12);
    }
  });
});
