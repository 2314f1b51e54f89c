import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { burnedRegister, setCommitment } from "#shared/chain/call.js";
import { connectSubtensor, type SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { openRuntimeSubnet, type RuntimeSubnet } from "#tests/support/subtensor.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { type FaultProxy, type SubmitFault, startFaultProxy } from "../faults/fault-proxy.js";

const FAULTS: readonly SubmitFault[] = ["cut before", "cut after", "cut after inclusion", "twice"];

describe("a write to a subtensor runtime over a bad line", { timeout: HANG_GUARD }, () => {
  let subnet: RuntimeSubnet;
  let proxy: FaultProxy;
  let chain: SubtensorChain;
  before(async () => {
    subnet = await openRuntimeSubnet();
    const { node, coldkey, own, netuid } = subnet;
    const registered = subnet.chain.submit(burnedRegister(netuid, coldkey.address), coldkey);
    node.setBlockTime(50);
    await registered;
    node.setBlockTime(0);
    await own.newBlocks(1);
    proxy = await startFaultProxy(
      () => node.endpoint,
      () => void node.node.newBlocks(1),
    );
    chain = await connectSubtensor({ endpoint: proxy.endpoint, timeoutMs: 60_000, staleMs: 600_000 });
  });
  after(async () => {
    await chain?.close();
    await proxy?.close();
    await subnet?.close();
  });

  for (const fault of FAULTS)
    it(`is in one block and no more: ${fault}`, async () => {
      const { own, coldkey, netuid } = subnet;
      const nonce = async () => (await own.chain.api.rpc.system.accountNextIndex(coldkey.address)).toNumber();
      const before = await nonce();
      proxy.submitFault = fault;
      let settled = false;
      const writing = chain.submit(setCommitment(netuid, fault), coldkey).finally(() => {
        settled = true;
      });
      while (!settled) await own.newBlocks(1);
      const { block, blockHash } = await writing;
      assert.equal(proxy.submitFault, undefined);
      await own.newBlocks(2);
      assert.equal(await nonce(), before + 1);
      assert.equal(await own.chain.blockHash(block), blockHash);
      const [latest] = await own.chain.commitments(netuid);
      assert.deepEqual([latest!.data, latest!.block], [fault, block]);
    });
});
