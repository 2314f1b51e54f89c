import { randomBytes } from "node:crypto";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { readDraw, sprintIn } from "#shared/compute/confirmation.js";
import { readEntrants } from "#shared/compute/entrants.js";
import { processor } from "#shared/compute/processor.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { hasProof, readProof } from "#shared/compute/read-proof.js";
import { withRecomputer } from "#shared/compute/recomputer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { contextOf } from "#shared/replay/succession.js";
import { MAX_PROVEN_NONCES, maxNoncesFileBytes, parseNoncesFile } from "#shared/sprint/proof/nonces-file.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";
import { parseWinners } from "#shared/sprint/proof/winners.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { plural } from "#shared/util/plural.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../../subnet-options.js";

interface Options extends SubnetOptions {
  readonly json?: boolean;
}

/** What recomputing a proof gave. */
interface Verdict {
  readonly proof: string;
  readonly cycle: number;
  readonly profile: Sprint["profile"];
  readonly hotkey: string;
  readonly difficulty: number;
  readonly wins: number;
  /** How many of its wins were recomputed, or with the float profile of its nonces. */
  readonly checked: number;
  /** Why it is invalid. Null if it is valid. */
  readonly problem: string | null;
  /** Nonces that it speaks for, with their bounds. */
  readonly weight: number;
  readonly low: number;
  readonly high: number;
}

const INVALID = 1;

export const verify: CommandSpec = {
  name: "verify",
  description:
    "recompute every win of a proof that a miner committed to, or a random sample of its nonces with the float profile; exit status 0 says that it is valid",
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

/** Greatest size of a proof, whatever its kind. */
const MOST_BYTES = maxNoncesFileBytes({ wins: MAX_PROVEN_NONCES, nonces: MAX_PROVEN_NONCES });

const recompute = async (file: string, options: SubnetOptions): Promise<Verdict> => {
  const bytes = await readSmallFile(file, MOST_BYTES);
  const [winners, nonces] = [parseWinners(bytes), parseNoncesFile(bytes)];
  const parsed = nonces.ok ? nonces : winners;
  if (!parsed.ok)
    throw new BlockZeroError(
      "PROOF_INVALID",
      `${file} is no proof: ${parsed.problem}`,
      "take a proof as its miner serves it",
    );
  const { cycle, hotkey, difficulty, wins, nonces: count } = parsed.value;
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
    const profile = profileOf(sprint);
    const proofs = await readEntrants(source, cycle, sprint.isIdle);
    const committed = proofs.find((one) => one.record?.proof === hash);
    const measured = profile.measure({ wins: wins.length, nonces: count }, { difficulty, sprint });
    const found = {
      proof: hash,
      cycle,
      profile: sprint.profile,
      hotkey,
      difficulty,
      wins: wins.length,
      checked: 0,
      ...measured,
    };
    if (!committed || !hasProof(committed)) return { ...found, problem: "nobody committed to it in time" };
    const read = await readProof({ ...source, fetch: async () => bytes }, { cycle, sprint }, committed);
    if (!read.ok) return { ...found, problem: read.detail };
    const { items, claimed } = read.value;
    const { size, reject } = profile.test(sprint);
    const drawn = { seed: randomBytes(32).toString("hex"), verifier: "", proofHash: hash, wins: items };
    const sample = claimed(sampleWins({ ...drawn, size: sprint.profile === "float" ? size : items }));
    const checked = sample.nonces.length;
    const losers = await withRecomputer(
      source,
      { sprint, cycle, arithmetic: () => processor(), signal },
      (recomputer) => recomputer.losers(committed, sample.nonces, sample.digests),
    );
    return { ...found, checked, problem: losers.length < reject ? null : problemOf(sprint, losers, checked) };
  } finally {
    await close();
  }
};

const problemOf = (sprint: Sprint, losers: readonly number[], checked: number): string =>
  sprint.profile === "float"
    ? profileOf(sprint).failure.text(losers, checked)
    : `${losers.length} of its nonces do not win, the first is ${losers[0]}`;

const lines = (verdict: Verdict): readonly string[] => {
  const { proof, cycle, profile, hotkey, difficulty, wins, checked, problem, weight, low, high } = verdict;
  const recomputed = profile === "exact" ? "every win was recomputed" : `${checked} of its nonces were recomputed`;
  return [
    `proof ${proof.slice(0, 12)} of ${hotkey}, Sprint of cycle ${cycle}: ${plural(wins, "win")}, one in ${difficulty}`,
    problem === null
      ? `valid: ${recomputed}; it speaks for ${plural(weight, "nonce")}, between ${low} and ${high}`
      : `invalid: ${problem}`,
  ];
};
