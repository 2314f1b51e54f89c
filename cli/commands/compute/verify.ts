import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { readCommittedProofs } from "#shared/compute/committed-proofs.js";
import { readDraw, sprintIn } from "#shared/compute/confirmation.js";
import { createJudge } from "#shared/compute/judge.js";
import { processor } from "#shared/compute/processor.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { isPromised, readProof } from "#shared/compute/read-proof.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { sha256 } from "#shared/protocol/hash.js";
import { contextOf } from "#shared/replay/succession.js";
import { maxWinnersBytes, parseWinners } from "#shared/sprint/proof/winners.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../../subnet-options.js";

interface Options extends SubnetOptions {
  readonly json?: boolean;
}

/** What recomputing a proof gave. */
interface Verdict {
  readonly proof: string;
  readonly cycle: number;
  readonly hotkey: string;
  readonly difficulty: number;
  readonly wins: number;
  /** Why it is invalid. Null if it is valid. */
  readonly problem: string | null;
  /** Nonces that its wins speak for, with the bounds of a 95 % interval. */
  readonly weight: number;
  readonly low: number;
  readonly high: number;
}

const INVALID = 1;

export const verify: CommandSpec = {
  name: "verify",
  description: "recompute every win of a proof that a miner committed to; exit status 0 says that it is valid",
  examples: ["blockzero compute verify proof.bin", "blockzero compute verify proof.bin --chain finney --netuid 1"],
  define: (command) => {
    subnetOptions(command.argument("<file>", "the proof, as its miner serves it: /blob/<hash>"))
      .option(...JSON_FLAG)
      .action(async (file: string, { json = false, ...options }: Options) => {
        const verdict = await recompute(file, options);
        if (json) printJson(verdict);
        else for (const line of lines(verdict)) console.log(line);
        if (verdict.problem !== null) process.exitCode = INVALID;
      });
  },
};

const recompute = async (file: string, options: SubnetOptions): Promise<Verdict> => {
  const bytes = await readSmallFile(file, maxWinnersBytes());
  const parsed = parseWinners(bytes);
  if (!parsed.ok)
    throw new BlockZeroError(
      "PROOF_INVALID",
      `${file} is no proof: ${parsed.problem}`,
      "take a proof as its miner serves it",
    );
  const { cycle, hotkey, difficulty, wins } = parsed.value;
  const hash = sha256(bytes);
  const log = createLogger({ name: "compute", level: "warn", format: "pretty" });
  const signal = shutdownSignal();
  const { source: newest, close } = await openSubnet({ ...locationFrom(options), log, signal });
  try {
    const source = await contextOf(newest, cycle);
    const sprint = await sprintIn(source, cycle, readDraw);
    if (!sprint)
      throw new BlockZeroError(
        "PROOF_INVALID",
        `cycle ${cycle} has no Sprint`,
        "look at the subnet that the proof is of",
      );
    const proofs = await readCommittedProofs(source, cycle, sprint.isIdle);
    const committed = proofs.find((one) => one.promise?.proof === hash);
    const found = { proof: hash, cycle, hotkey, difficulty, wins: wins.length, ...winsWeight(wins.length, difficulty) };
    if (!committed || !isPromised(committed)) return { ...found, problem: "nobody committed to it in time" };
    const read = await readProof(
      { ...source, fetch: async () => bytes },
      { cycle, profile: profileOf(sprint) },
      committed,
    );
    if (!read.ok) return { ...found, problem: read.detail };
    const judge = createJudge(source, { sprint, cycle, arithmetic: () => processor(), signal });
    try {
      const losers = await judge.losers(committed, wins);
      const problem =
        losers.length === 0 ? null : `${losers.length} of its nonces do not win, the first is ${losers[0]}`;
      return { ...found, problem };
    } finally {
      await judge.dispose();
    }
  } finally {
    await close();
  }
};

const lines = ({ proof, cycle, hotkey, difficulty, wins, problem, weight, low, high }: Verdict): readonly string[] => [
  `proof ${proof.slice(0, 12)} of ${hotkey}, Sprint of cycle ${cycle}: ${wins} wins, one in ${difficulty}`,
  problem === null
    ? `valid: every win was recomputed; they speak for ${weight} nonces, between ${low} and ${high} with 95 % confidence`
    : `invalid: ${problem}`,
];
