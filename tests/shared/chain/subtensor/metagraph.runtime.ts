import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readMetagraph } from "#shared/chain/subtensor/metagraph.js";
import { stateAt } from "#shared/chain/subtensor/state.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { openRuntimeSubnet, type RuntimeSubnet } from "#tests/support/subtensor.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";

const NEURONS = 256;
const AT_ONCE = 64;

describe("a metagraph of 256 neurons", { timeout: HANG_GUARD }, () => {
  let subnet: RuntimeSubnet;
  before(async () => {
    subnet = await openRuntimeSubnet();
    const { chain, own, netuid, coldkey, node } = subnet;
    const hotkeys = await Promise.all(Array.from({ length: NEURONS - 1 }, (_, i) => signerFromUri(`//Many//${i}`)));
    node.setBlockTime(50);
    for (let at = 0; at < hotkeys.length; at += AT_ONCE) {
      const register = chain.api.tx.subtensorModule!.burnedRegister!;
      const calls = hotkeys.slice(at, at + AT_ONCE).map(({ address }) => register(netuid, address));
      await own.call(["utility", "batchAll", calls], coldkey);
    }
    node.setBlockTime(0);
    await own.newBlocks(1);
  });
  after(() => subnet?.close());

  it("is read in two questions, asked at once", async (t) => {
    const { chain, netuid } = subnet;
    const methods: string[] = [];
    const link = {
      ...chain.link,
      heads: chain.link.heads,
      endpoint: chain.link.endpoint,
      request: (method: string, params: readonly unknown[]) => {
        methods.push(method);
        return chain.link.request(method, params);
      },
    };
    const { hash } = await chain.head();
    const started = performance.now();
    const { neurons } = await readMetagraph(stateAt(link, chain.api, `0x${hash}`), netuid);
    t.diagnostic(`${NEURONS} neurons in ${Math.round(performance.now() - started)} ms`);
    assert.equal(neurons.length, NEURONS);
    assert.equal(new Set(neurons.map(({ hotkey }) => hotkey)).size, NEURONS);
    assert.deepEqual(methods.sort(), ["state_call", "state_queryStorageAt"]);
    const again = performance.now();
    await readMetagraph(stateAt(link, chain.api, `0x${hash}`), netuid);
    t.diagnostic(`once more in ${Math.round(performance.now() - again)} ms, its answer known to the node`);
  });
});
