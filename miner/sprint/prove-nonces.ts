import { join } from "node:path";
import { floatProfile } from "#shared/compute/profile/float-profile.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { PREFIX_BLOCKS, prefixWindows } from "#shared/protocol/prefix-windows.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { mostNoncesAfter, signNonces } from "#shared/sprint/proof/all-nonces.js";
import { encodeNoncesFile } from "#shared/sprint/proof/nonces-file.js";
import { noncesTree, type Prefix } from "#shared/sprint/proof/nonces-tree.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { computing } from "./claims.js";
import type { Sprinter } from "./context.js";
import { markSprint, noteSprint } from "./mark-sprint.js";
import { openNoncesLog, removeNoncesLog } from "./nonces-log.js";
import type { Proving, ProvingOf } from "./proving.js";

/** Where a miner keeps what it has computed of the newest Sprint, in its home. */
export const NONCES_FILE = "sprint.nonces";

/**
 * A proof of all nonces: their digests are collected in a tree and on disk while they are computed, and what there is at a third and at two thirds of
 * the time is put on chain. A miner that was slow by then computes no more nonces than its records bear.
 */
export const proveNonces = (sprinter: Sprinter, { cycle, difficulty, inputs }: ProvingOf): Proving => {
  const { participant, journal, config } = sprinter;
  const { network, networkHash, clock, signer, home, log } = participant;
  const path = join(home, NONCES_FILE);
  const onDisk = openNoncesLog(path, sha256(hashBytes(networkHash), u64le(cycle), hashBytes(inputs)));
  const tree = noncesTree();
  const wins: number[] = [];
  for (const batch of onDisk.batches) {
    tree.append(batch.digests);
    wins.push(...batch.wins);
  }
  const windows = prefixWindows(cycle, network);
  const made = (): readonly Prefix[] => journal.value.cycles[cycle]?.sprint?.prefixes ?? [];
  let isMissed = false;
  const closing = new AbortController();
  const release = joinSignals(closing, participant.signal);

  const recordOne = async (at: 0 | 1): Promise<void> => {
    const window = windows[at];
    if ((journal.value.cycles[cycle]?.sprint?.recorded ?? 0) > at) return;
    if (made().length === at) {
      await clock.reach(window.end - PREFIX_BLOCKS, closing.signal);
      closing.signal.throwIfAborted();
      onDisk.flush();
      markSprint(sprinter, cycle, { prefixes: [...made(), tree.prefix()] });
    }
    const prefix = made()[at]!;
    const block = await participant.commitOnce({
      key: `${cycle}/${at + 1}/prefix`,
      record: "prefix",
      data: encodeRecord({
        type: "prefix",
        network: shortHash(networkHash),
        cycle,
        thirds: at === 0 ? 1 : 2,
        ...prefix,
      }),
      window,
    });
    noteSprint(sprinter, cycle, { recorded: at + 1 });
    log.info("recorded the nonces so far", { cycle, thirds: at + 1, nonces: prefix.nonces, block });
  };

  return {
    begun: { wins, nonces: tree.nonces },
    computing: (compute) => computing(config.behaviour, compute),
    most: () => (isMissed ? 0 : Math.min(floatProfile.mostNonces, mostNoncesAfter(made()))),
    take: (batch) => {
      onDisk.append(batch);
      tree.append(batch.digests);
    },
    record: async () => {
      try {
        await recordOne(0);
        await recordOne(1);
      } catch (thrown) {
        isMissed = true;
        throw thrown;
      }
    },
    finish: async (found) => {
      const [first, second] = made();
      if (!first || !second || tree.nonces < second.nonces)
        throw new BlockZeroError(
          "SPRINT_NONCES_LOST",
          `${tree.nonces} nonces are here, of which ${second?.nonces ?? "none"} were recorded at two thirds of the time`,
          "keep the miner's home on a disk that survives a restart; the next Sprint begins anew",
        );
      const whole = { nonces: tree.nonces, root: tree.root() };
      const fields = {
        network: networkHash,
        cycle,
        difficulty,
        ...whole,
        wins: found.wins,
        prefixes: [
          { ...first, consistency: [...tree.consistency(first, second)] },
          { ...second, consistency: [...tree.consistency(second, whole)] },
        ] satisfies [unknown, unknown],
      };
      const proof = await signNonces(fields, signer);
      return { bytes: encodeNoncesFile({ proof, digests: tree.digests() }), claimed: found };
    },
    close: () => {
      release();
      closing.abort();
      onDisk.close();
      if (journal.value.cycles[cycle]?.sprint?.proof !== undefined) removeNoncesLog(path);
    },
  };
};
