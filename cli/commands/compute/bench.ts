import { Option } from "commander";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { processor } from "#shared/compute/processor.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { sha256 } from "#shared/protocol/hash.js";
import { MIN_DIFFICULTY, SPRINT_DIALS, SPRINT_PROFILES, type Sprint } from "#shared/protocol/sprint.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";

interface Options {
  readonly profile: Sprint["profile"];
  readonly dials: Sprint["dials"];
  readonly seconds: number;
  readonly threads: number;
  readonly json?: boolean;
}

/** What this machine computes of a Sprint's network. */
interface Measured {
  readonly profile: Sprint["profile"];
  readonly dials: Sprint["dials"];
  readonly loadSeconds: number;
  readonly seconds: number;
  readonly nonces: number;
  readonly noncesPerSecond: number;
  readonly gigaflops: number;
}

/** Any seed will do: how long a nonce takes does not depend on it. */
const SEED = sha256(Buffer.from("blockzero compute bench"));
const TASK = { publicKey: new Uint8Array(32), inputs: SEED, difficulty: MIN_DIFFICULTY };

export const bench: CommandSpec = {
  name: "bench",
  description: "measure how many nonces of a Sprint this machine's processor computes in a second",
  examples: [
    "blockzero compute bench",
    "blockzero compute bench --profile float --dials tiny",
    "blockzero compute bench --dials test --seconds 60 --threads 4 --json",
  ],
  define: (command) => {
    command
      .addOption(new Option("--profile <name>", "its arithmetic").choices(SPRINT_PROFILES).default("exact"))
      .addOption(new Option("--dials <name>", "the network's size").choices([...SPRINT_DIALS]).default("test"))
      .option("--seconds <n>", "how long", positiveNumber, 5)
      .option("--threads <n>", "processor threads, 0 for all", wholeNumber(0), 0)
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: Options) => {
        const measured = await measure(options);
        if (json) printJson(measured);
        else for (const line of lines(measured)) console.log(line);
      });
  },
};

const measure = async ({ profile: name, dials, seconds, threads }: Omit<Options, "json">): Promise<Measured> => {
  const signal = shutdownSignal();
  const begun = performance.now();
  const profile = profileOf({ profile: name });
  const prover = await profile.open({ ...(await processor(threads)), sprint: { dials }, seed: SEED, signal });
  try {
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 1000;
    let nonces = 0;
    while (elapsed() < seconds) {
      signal.throwIfAborted();
      await prover.search(TASK, { first: nonces, count: prover.batch });
      nonces += prover.batch;
    }
    const took = elapsed();
    return {
      profile: name,
      dials,
      loadSeconds: (started - begun) / 1000,
      seconds: took,
      nonces,
      noncesPerSecond: nonces / took,
      gigaflops: (nonces * profile.size(dials).flops) / took / 1e9,
    };
  } finally {
    await prover.dispose();
  }
};

const lines = ({
  profile,
  dials,
  loadSeconds,
  seconds,
  nonces,
  noncesPerSecond,
  gigaflops,
}: Measured): readonly string[] => [
  `${profile}, dials ${dials}: loaded in ${loadSeconds.toFixed(2)} s, ${nonces} nonces in ${seconds.toFixed(1)} s`,
  `${noncesPerSecond.toFixed(1)} nonces a second, ${gigaflops.toFixed(1)} GFLOPS`,
  `a Sprint of a minute: compute.expected_nonces ${Math.round(60 * noncesPerSecond)}, one win in ${Math.max(MIN_DIFFICULTY, nextDifficulty(60 * noncesPerSecond))}`,
];
