import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { floatProfile } from "#shared/compute/profile/float-profile.js";
import type { NonceTask, SprintProver } from "#shared/compute/profile/profile.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkSeed } from "#shared/sprint/exact/seeds.js";
import { FLOAT_DIALS } from "#shared/sprint/float/dials.js";
import { winsFitDigests } from "#shared/sprint/float/digest.js";
import type { UnsignedNonces } from "#shared/sprint/proof/all-nonces.js";
import type { ExpectedProof } from "#shared/sprint/proof/head.js";
import { encodeNoncesFile } from "#shared/sprint/proof/nonces-file.js";
import { noncesTree } from "#shared/sprint/proof/nonces-tree.js";
import { devSigner, verify } from "../../shared/protocol/keys.js";
import { localNonces } from "../../support/local-signing.js";
import { device } from "../../support/updates.js";

const alice = devSigner("//Alice");
const task: NonceTask = { publicKey: new Uint8Array(32).fill(7), inputs: "2".repeat(64), difficulty: 8 };
const COUNT = 640;
const sprint = { dials: "tiny", sample: 459 } as const;
const { width } = FLOAT_DIALS.tiny;

describe("the float profile", () => {
  let prover: SprintProver;
  let wins: readonly number[];
  let digests: Uint8Array;
  before(async () => {
    prover = await floatProfile.open({ sprint, seed: networkSeed("1".repeat(64)), device });
    ({ wins, digests } = await prover.search(task, { first: 0, count: COUNT }));
  });
  after(() => prover.dispose());

  const tampered = (...nonces: number[]): Uint8Array => {
    const other = Uint8Array.from(digests);
    for (const nonce of nonces) other.set(digests.subarray(8 * (nonce + 1), 8 * (nonce + 2)), 8 * nonce);
    return other;
  };

  it("is what a network file names, and nothing of it is the exact one's", () => {
    assert.equal(profileOf({ profile: "float" }), floatProfile);
    assert.deepEqual(floatProfile.test(sprint), floatProfile.test({ ...sprint, devices: "mixed" }));
    assert.deepEqual(
      (["same", "mixed"] as const).map((devices) => {
        const { size, reject } = floatProfile.test({ ...sprint, devices });
        return [size, reject];
      }),
      [
        [418, 3],
        [198, 4],
      ],
    );
    assert.deepEqual(floatProfile.accused([], { subject: "x", members: new Map() }, [1, 2]), []);
  });

  it("finds the nonces whose digests are of other outputs, in any order and company", async () => {
    const nonces = [3, 70, 71, 400];
    const of = (all: Uint8Array) => Buffer.concat(nonces.map((nonce) => all.subarray(8 * nonce, 8 * nonce + 8)));
    assert.deepEqual(await prover.losers(task, { nonces, digests: of(digests) }), []);
    assert.deepEqual(await prover.losers(task, { nonces, digests: of(tampered(70, 400)) }), [70, 400]);
    const others = { ...task, publicKey: new Uint8Array(32) };
    assert.deepEqual(await prover.losers(others, { nonces, digests: of(digests) }), nonces);
  });

  it("has wins that follow from the digests", () => {
    const of = { width, difficulty: 8 };
    assert.ok(wins.length > COUNT / 16 && wins.length < COUNT / 4, `${wins.length}`);
    assert.ok(winsFitDigests(digests, wins, of));
    const loser = Array.from({ length: COUNT }, (_, nonce) => nonce).find((nonce) => !wins.includes(nonce))!;
    const more = [...wins, loser].sort((a, b) => a - b);
    for (const bad of [more, wins.slice(1), wins.slice(0, -1), [...wins, COUNT]])
      assert.ok(!winsFitDigests(digests, bad, of));
    assert.ok(!winsFitDigests(digests, wins, { width, difficulty: 9 }));
    assert.ok(winsFitDigests(new Uint8Array(0), [], of));
  });

  describe("a proof's file", () => {
    /** The proof of all nonces of a member that recorded 256 of them at each third. */
    const fileOf = (change: { wins?: readonly number[]; digests?: Uint8Array } = {}) => {
      const tree = noncesTree();
      const all = change.digests ?? digests;
      tree.append(all.subarray(0, 8 * 300));
      const prefix = tree.prefix();
      tree.append(all.subarray(8 * 300));
      const whole = { nonces: tree.nonces, root: tree.root() };
      const fields: UnsignedNonces = {
        ...{ network: "7".repeat(64), cycle: 4, difficulty: 8, ...whole, wins: change.wins ?? wins },
        prefixes: [
          { ...prefix, consistency: [...tree.consistency(prefix, prefix)] },
          { ...prefix, consistency: [...tree.consistency(prefix, whole)] },
        ],
      };
      const proof = localNonces(fields, alice);
      const bytes = encodeNoncesFile({ proof, digests: all });
      const expected: ExpectedProof = {
        ...{ network: "7".repeat(64), cycle: 4, hotkey: alice.address, difficulty: 8, hash: sha256(bytes) },
        ...{ wins: proof.wins.length, nonces: COUNT, included: 105, phase: { start: 100, end: 120 } },
      };
      return { bytes, known: { sprint, expected, prefixes: [prefix, prefix] as const } };
    };
    const check = ({ bytes, known }: ReturnType<typeof fileOf>) => floatProfile.check(bytes, known, verify);

    it("gives what it says of any nonces", () => {
      const checked = check(fileOf());
      assert.ok(checked.ok, JSON.stringify(checked));
      const { items, claimed } = checked.value;
      assert.deepEqual([items, checked.value.wins], [COUNT, wins]);
      const { nonces, digests: some } = claimed([5, 639]);
      assert.deepEqual(nonces, [5, 639]);
      assert.deepEqual(some, Buffer.concat([digests.subarray(40, 48), digests.subarray(8 * 639)]));
    });

    it("is refused where its wins are not those of its digests, or its records were not put in time", () => {
      const [loser] = Array.from({ length: COUNT }, (_, nonce) => nonce).filter((nonce) => !wins.includes(nonce));
      const faultOf = (file: ReturnType<typeof fileOf>) => {
        const checked = check(file);
        return checked.ok ? "accepted" : checked.fault;
      };
      const changed = [...wins.filter((win) => win !== wins[0]), loser!].sort((a, b) => a - b);
      assert.equal(faultOf(fileOf({ wins: changed })), "wins_unlike_digests");
      const { bytes, known } = fileOf();
      assert.equal(faultOf({ bytes, known: { ...known, prefixes: [null, null] as never } }), "not_a_prefix");
      assert.equal(floatProfile.maxBytes({ wins: 80, nonces: COUNT } as never) > bytes.length, true);
    });
  });

  it("refuses a network whose outputs share a direction", async () => {
    // A device that gives every nonce the output of the first.
    const same = {
      ...device,
      compile: async (...of: Parameters<typeof device.compile>) => {
        const program = await device.compile(...of);
        return {
          ...program,
          run: async (...fed: Parameters<typeof program.run>) => {
            const made = await program.run(...fed);
            const { data } = made.y!;
            for (let i = width; i < data.length; i++) data[i] = data[i % width]!;
            return made;
          },
        };
      },
    };
    await assert.rejects(floatProfile.open({ sprint, seed: networkSeed("1".repeat(64)), device: same }), {
      code: "SPRINT_NETWORK_REFUSED",
    });
  });
});
