import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import { beaconPublicKey } from "#shared/chain/timelock/pulse.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { chainContract } from "./contract.js";
import { manualClock } from "./support.js";

const TOKEN = 1_000_000_000n;
const NETUID = 2;
const ROUND = 1_000_000;
const beacon = { seed: "5e".repeat(32), genesisTime: 1_700_000_000, period: 3 };

chainContract("a devchain", async () => {
  const home = await mkdtemp(join(tmpdir(), "blockzero-contract-"));
  const [sudo, coldkey, owner] = await Promise.all([
    signerFromUri("//Contract//Sudo"),
    signerFromUri("//Contract//Coldkey"),
    signerFromUri("//Contract//Owner"),
  ]);
  const { clock, advance } = manualClock();
  const node = await startDevchain({
    home,
    clock,
    port: 0,
    blockTimeMs: 0,
    genesis: {
      sudo: sudo.address,
      balances: { [coldkey.address]: String(100_000n * TOKEN) },
      drand: beacon,
      subnets: [
        {
          netuid: NETUID,
          ownerHotkey: owner.address,
          hyperParameters: {
            tempo: 9,
            weightsRateLimit: 5,
            servingRateLimit: 0,
            maxRegistrationsPerBlock: 64,
            targetRegistrationsPerInterval: 64,
            burn: String(TOKEN / 10n),
            minBurn: String(TOKEN / 100n),
            stakeThreshold: String(100n * TOKEN),
          },
        },
      ],
    },
  });
  const chain = await connectDevchain({ endpoint: node.endpoint });
  const admin = await connectDevchain({ endpoint: node.endpoint });
  return {
    chain,
    netuid: NETUID,
    ownerHotkey: owner.address,
    coldkey,
    nonce: (account) => admin.nonce(account),
    newBlocks: async (count) => void (await admin.newBlocks(count)),
    setCommitReveal: async (commitReveal) => {
      const change = { name: "setHyperParameters", args: { netuid: NETUID, change: { commitReveal } } } as const;
      const before = await admin.nonce(sudo.address);
      const written = admin.sudo([change], sudo);
      while ((await admin.nonce(sudo.address)) === before);
      await admin.newBlocks(1);
      await written;
    },
    beaconKey: beaconPublicKey(Buffer.from(beacon.seed, "hex")),
    futureRound: ROUND,
    publish: async (round) => {
      advance(timeOfRound(round, { ...beacon, publicKey: "" }) - clock.now() + 1000);
      await admin.newBlocks(1);
    },
    close: async () => {
      await Promise.all([chain.close(), admin.close()]);
      await node.close();
      await rm(home, { recursive: true, force: true });
    },
  };
});
