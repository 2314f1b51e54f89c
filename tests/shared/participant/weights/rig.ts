import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Chain } from "#shared/chain/chain.js";
import { connectDevchain, type DevchainClient } from "#shared/chain/devchain/client.js";
import type { HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { watchBlockTime } from "#shared/participant/weights/block-time.js";
import { revealCommittedWeights } from "#shared/participant/weights/reveal-weights.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import type { Weights, WeightsContext } from "#shared/participant/weights/weights-context.js";
import { weightsJournalSchema } from "#shared/participant/weights/weights-journal.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { until } from "../../../support/subnet.js";
import {
  collectingLog,
  type Keys,
  makeGenesis,
  makeKeys,
  manualClock,
  NETUID,
  temporaryHome,
} from "../../chain/support.js";

export const BLOCK_MS = 12_000;
const START = 1_700_000_000_000;
/** Ten blocks from epoch to epoch: on subnet 1 they run in the blocks 7, 17, 27 and so on. */
const TEMPO = 9;

/** A cycle's own weights are set in the first blocks of twenty. */
const WINDOW_BLOCKS = 4;

/** A validator's program, as far as weights go. */
export interface Setter {
  readonly context: WeightsContext;
  readonly lines: ReturnType<typeof collectingLog>["lines"];
  /** In a window of four blocks. */
  set(start: number, weights: Weights): Promise<number>;
  said(message: string): Promise<void>;
  /** As a kill would: nothing more is written, the journal stays as it is. */
  kill(): void;
}

export interface Rig {
  readonly chain: DevchainClient;
  readonly keys: Keys;
  /** Builds blocks until the head is this one, and waits until every setter has seen it. */
  to(block: number): Promise<void>;
  /** Waits until the validator has sent so many extrinsics. */
  sent(total: number): Promise<void>;
  /** Starts the program, or starts it again. `through` replaces parts of its chain. */
  open(through?: Partial<Chain>): Promise<Setter>;
}

/** A subnet that takes weights by commitment, its validator permitted, at block 8. */
export const openRig = async (
  t: TestContext,
  { beacon = false, ...change }: HyperParameterChange & { beacon?: boolean },
): Promise<Rig> => {
  const keys = await makeKeys();
  const home = await temporaryHome(t);
  const { clock, advance } = manualClock(START);
  const drand = { seed: "42".repeat(32), genesisTime: START / 1000 - 1000, period: 3 };
  const genesis = makeGenesis(keys, { tempo: TEMPO, commitReveal: true, ...change });
  const node = await startDevchain({
    home: join(home, "chain"),
    genesis: { ...genesis, timestamp: START, drand: beacon ? drand : null },
    port: 0,
    blockTimeMs: BLOCK_MS,
    clock,
  });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());

  const running = new Set<WeightsContext>();
  const rig: Rig = {
    chain,
    keys,
    async to(block) {
      while (node.head.number < block) {
        const next = node.head.number + 1;
        advance(BLOCK_MS);
        await Promise.all([...running].map(({ clock, signal }) => clock.reach(next, signal)));
      }
    },
    sent: (total) => until(t, async () => (await chain.nonce(keys.validator.address)) >= total),
    async open(through = {}) {
      const controller = new AbortController();
      const { signal } = controller;
      const own = await connectDevchain({ endpoint: node.endpoint, signal });
      const blockClock = await startBlockClock(own, signal);
      const { log, lines, said } = collectingLog();
      const context: WeightsContext = {
        chain: { ...own, ...through },
        clock: blockClock,
        blockTime: watchBlockTime(blockClock, signal),
        signer: keys.validator,
        netuid: NETUID,
        cycleAt: (block) => ({ network: "abababab", cycle: block }),
        nextWindow: (block) => {
          const start = 20 * Math.ceil(Math.max(0, block - WINDOW_BLOCKS + 1) / 20);
          return { start, end: start + WINDOW_BLOCKS };
        },
        journal: openJournal(join(home, "weights.json"), weightsJournalSchema),
        beacon: publicBeacon(drand),
        random: randomBytes,
        log,
        signal,
      };
      running.add(context);
      const kill = () => {
        running.delete(context);
        controller.abort();
      };
      t.after(kill);
      revealCommittedWeights(context).catch((thrown: unknown) => {
        if (!signal.aborted) throw thrown;
      });
      return {
        context,
        lines,
        set: (start, weights) =>
          setWeightsOnce(context, { key: String(start), weights, window: { start, end: start + WINDOW_BLOCKS } }),
        said: (message) => (lines.some((line) => line.message === message) ? Promise.resolve() : said(message)),
        kill,
      };
    },
  };
  await rig.to(8);
  return rig;
};
