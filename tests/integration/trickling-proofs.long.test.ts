import assert from "node:assert/strict";
import { it } from "node:test";
import { readDutyBasis } from "#shared/compute/duty/duty-inputs.js";
import type { BlobRequest, Blobs } from "#shared/participant/files/blobs.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { onAbort } from "#shared/util/on-abort.js";
import { checkProofs } from "#validator/sprint/check-proofs.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";

/** More than there are proofs in memory at once. */
const TRICKLERS = Array.from({ length: 34 }, (_, i) => `tom${i}`);

const SPRINT = sprintSchema.parse({ every: 1, dials: "tiny", duty: { tasks: 1 } });
const DIFFICULTY = 8;

/** All commit to a proof in the Sprint of cycle 1; that of the last, Ann, is stored. Returns its hash. */
const commitProofs = async (subnet: Subnet, names: readonly string[]): Promise<string> => {
  const network = shortHash(subnet.networkHash);
  const head = { network, cycle: 1, location: subnet.location };
  const nonces = 200;
  const wins = Array.from({ length: 20 }, (_, nonce) => nonce);
  const fields = { network: subnet.networkHash, cycle: 1, difficulty: DIFFICULTY, nonces, wins };
  const stored = await subnet.store.put(encodeWinners(await signWinners(fields, subnet.signer("ann"))));
  const counts = { wins: wins.length, nonces };
  const forAll = (text: (name: string) => string) => Object.fromEntries(names.map((name) => [name, text(name)]));
  await subnet.record(forAll(() => encodeRecord({ type: "enter", ...head, difficulty: DIFFICULTY })));
  await subnet.to(subnet.window(1, "evaluate").start - 1);
  await subnet.record(
    forAll((name) => {
      const proof = name === "ann" ? stored : `${names.indexOf(name)}`.padStart(64, "0");
      return encodeRecord({ type: "sprint", ...head, proof, ...counts });
    }),
  );
  return stored;
};

it("servers that send a proof a byte at a time hold up nobody else's, and a proof that is never asked for is nobody's fault", {
  timeout: HANG_GUARD,
}, async (t) => {
  const names = [...TRICKLERS, "ann"];
  const subnet = await openSubnet(t, { network: { sprint: SPRINT }, miners: names });
  const stored = await commitProofs(subnet, names);
  const vera = await subnet.join("vera");
  const { blobs } = vera;
  let gotten = 0;
  /** Of every other trickler it is as if the client never had a place to ask it. */
  const trickle = ({ hash, signal, onAsked }: BlobRequest): Promise<never> => {
    if (Number(hash) % 2 === 0) onAsked?.();
    return new Promise((_, reject) => onAbort(signal, () => reject(signal.reason)));
  };
  const slow: Blobs = {
    ...blobs,
    open: (request) => (request.hash === stored ? blobs.open(request) : trickle(request)),
    get: async (request) => {
      if (request.hash !== stored) return trickle(request);
      const bytes = await blobs.get(request);
      gotten += 1;
      return bytes;
    },
  };
  const participant = { ...vera, blobs: slow };

  await subnet.to(subnet.window(1, "exchange").start);
  let isChecked = false;
  const losers = async () => {
    isChecked = true;
    return [];
  };
  const checking = checkProofs({ participant, cycle: 1, sprint: SPRINT, recomputer: { portion: 64, losers } });
  await until(t, () => isChecked);
  await subnet.to(subnet.window(2, "distribute").start);
  const entries = new Map((await checking).entries.map(({ hotkey, verdict, reason }) => [hotkey, [verdict, reason]]));
  const expected = TRICKLERS.map((_, i) => ["abstain", i % 2 === 0 ? "unreachable" : "no_time"]);
  assert.deepEqual(
    names.map((name) => entries.get(subnet.signer(name).address)),
    [...expected, ["valid", null]],
  );

  const { start } = subnet.window(2, "train");
  const before = gotten;
  const reading = waitForFiles(participant, { deadline: start }, ({ source }) =>
    readDutyBasis(source, {
      ...{ cycle: 1, sprint: withDuty(SPRINT)!, members: [], reputations: new Map() },
      beacon: "ab".repeat(32),
    }),
  );
  await until(t, () => gotten > before);
  await subnet.to(start);
  const { inputs, isWhole } = await reading;
  assert.deepEqual(
    inputs.tasks.map(({ task }) => task.executor),
    [subnet.signer("ann").address],
  );
  assert.equal(isWhole, false);
});
