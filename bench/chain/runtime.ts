import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectSubtensor } from "#shared/chain/subtensor/connect.js";
import type { Signer } from "#shared/protocol/signer.js";
import { createSubnet, ownSubtensor } from "#shared/simulators/subtensor/bootstrap.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { type MetagraphRead, measureMetagraph } from "./metagraph.js";
import { startNode } from "./node-process.js";

const TOKEN = 1_000_000_000n;
const REGISTRATIONS_AT_ONCE = 64;
/** While the subnet is made. */
const BLOCK_MS = 50;

export interface RuntimeFigures {
  /** As `name/spec version`. */
  readonly runtime: string;
  readonly metagraph: MetagraphRead;
}

/** A full subnet on a real subtensor runtime, offline, and its metagraph read as the devchain's. */
export const measureRuntime = async (file: string, keys: readonly Signer[], reads: number): Promise<RuntimeFigures> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  try {
    const coldkey = await signerFromUri("//Bench//Coldkey");
    const genesis = join(folder, "genesis.json");
    const balances = { [coldkey.address]: String(10_000_000n * TOKEN) };
    await writeFile(genesis, JSON.stringify({ sudo: coldkey.address, balances }));
    const node = await startNode(["subtensor-node", "--runtime", file, "--genesis", genesis]);
    try {
      return await measure(node.endpoint, { coldkey, keys }, reads);
    } finally {
      await node.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const measure = async (
  endpoint: string,
  { coldkey, keys }: { readonly coldkey: Signer; readonly keys: readonly Signer[] },
  reads: number,
): Promise<RuntimeFigures> => {
  const chain = await connectSubtensor({ endpoint, timeoutMs: 60_000, staleMs: 600_000 });
  try {
    const own = ownSubtensor(chain);
    await own.setBlockTime(BLOCK_MS);
    const netuid = await createSubnet(own, {
      sudo: coldkey,
      owner: coldkey,
      ownerHotkey: keys[0]!.address,
      pool: 100_000n * TOKEN,
      parameters: { tempo: 99, weightsRateLimit: 0, stakeThreshold: 100n * TOKEN, isCommitReveal: false },
    });
    const register = chain.api.tx.subtensorModule!.burnedRegister!;
    const others = keys.slice(1);
    for (let at = 0; at < others.length; at += REGISTRATIONS_AT_ONCE) {
      const calls = others.slice(at, at + REGISTRATIONS_AT_ONCE).map(({ address }) => register(netuid, address));
      await own.call(["utility", "batchAll", calls], coldkey);
    }
    await own.setBlockTime(0);
    // Comes after a block that was under way.
    await own.newBlocks(1);
    const { specName, specVersion } = chain.api.runtimeVersion;
    return {
      runtime: `${specName}/${specVersion}`,
      metagraph: await measureMetagraph({ chain, endpoint, netuid }, { reads, newBlock: () => own.newBlocks(1) }),
    };
  } finally {
    await chain.close();
  }
};
