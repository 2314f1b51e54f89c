import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import type { Signer } from "#shared/protocol/signer.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type BlockTimes, measureBlocks } from "./blocks.js";
import { fillSubnet, fullGenesis, NETUID, neuronKeys } from "./full-subnet.js";
import { type MetagraphRead, measureMetagraph } from "./metagraph.js";
import { startNode } from "./node-process.js";
import { describeChain } from "./report.js";
import { measureRuntime } from "./runtime.js";
import { measureYuma } from "./yuma.js";

const READS = 20;
const EPOCHS = 50;

interface Flags {
  readonly rounds: number;
  readonly json?: string;
}

export const chainBench: CommandSpec = {
  name: "chain",
  description:
    "a full subnet's extrinsics, blocks, metagraph and epoch on the devchain, its metagraph on a real runtime",
  examples: ["npm run bench -- chain", "npm run bench -- chain --rounds 20 --json chain.json"],
  define: (command) =>
    command
      .option("--rounds <n>", "times that every neuron writes at once", wholeNumber(1), 7)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ rounds, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const yuma = measureYuma(EPOCHS);
  const keys = await neuronKeys();
  const devchain = await measureDevchain(keys, rounds);
  const file = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
  const runtime = file ? await measureRuntime(file, keys, READS) : null;
  const figures = { ...devchain, yuma, runtime };
  console.log(`\n${describeChain(figures)}`);
  await writeFigures(json, { machine: here, ...figures });
};

const measureDevchain = async (
  keys: readonly Signer[],
  rounds: number,
): Promise<{ readonly blocks: BlockTimes; readonly metagraph: MetagraphRead }> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  try {
    const genesis = join(folder, "genesis.json");
    await writeFile(genesis, JSON.stringify(fullGenesis(keys)));
    const { endpoint, close } = await startNode(["devchain", "--home", join(folder, "chain"), "--genesis", genesis]);
    try {
      const chain = await connectDevchain({ endpoint });
      try {
        await fillSubnet(chain, keys);
        const blocks = await measureBlocks(chain, keys, rounds);
        const newBlock = () => chain.newBlocks(1);
        return {
          blocks,
          metagraph: await measureMetagraph({ chain, endpoint, netuid: NETUID }, { reads: READS, newBlock }),
        };
      } finally {
        await chain.close();
      }
    } finally {
      await close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
