import { beaconKey, openRuntimeSubnet, publishPulse } from "#tests/support/subtensor.js";
import { chainContract } from "../contract.js";

const ROUND = 1_000_000;

chainContract("a subtensor runtime", async () => {
  const subnet = await openRuntimeSubnet();
  const { chain, own, netuid, coldkey, owner, node } = subnet;
  return {
    chain,
    netuid,
    ownerHotkey: owner.address,
    coldkey,
    nonce: async (account) => (await chain.api.rpc.system.accountNextIndex(account)).toNumber(),
    newBlocks: (count) => own.newBlocks(count),
    setCommitReveal: async (on) => {
      node.setBlockTime(50);
      await own.sudo([["adminUtils", "sudoSetCommitRevealWeightsEnabled", netuid, on]], coldkey);
      node.setBlockTime(0);
      await own.newBlocks(1);
    },
    beaconKey,
    futureRound: ROUND,
    publish: (round) => publishPulse(subnet, round),
    close: () => subnet.close(),
  };
});
