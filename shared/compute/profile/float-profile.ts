import type { Sprint } from "#shared/protocol/sprint.js";
import { nodeSeed } from "#shared/sprint/exact/seeds.js";
import { acceptOutputs, SHARED_OUTPUTS } from "#shared/sprint/float/acceptance.js";
import { FLOAT_DIALS, flopsOf, parametersOf } from "#shared/sprint/float/dials.js";
import { digestsAgree, TOLERANCES, winsFitDigests } from "#shared/sprint/float/digest.js";
import { evaluateNonces } from "#shared/sprint/float/prover.js";
import { BATCH, openTransformer } from "#shared/sprint/float/transformer.js";
import { faulty } from "#shared/sprint/proof/fault.js";
import { FIXED_TESTS } from "#shared/sprint/proof/fixed-tests.js";
import { checkNoncesFile, MAX_PROVEN_NONCES, maxNoncesFileBytes } from "#shared/sprint/proof/nonces-file.js";
import { DIGEST_BYTES } from "#shared/sprint/proof/nonces-tree.js";
import { settleByVote } from "#shared/sprint/proof/votes.js";
import type { NonceTask, SprintProfile } from "./profile.js";

/** How far outputs may differ, and the test of a sample, by what the network file says of devices. */
const classOf = ({ devices = "mixed" }: Pick<Sprint, "devices">) => {
  const name = devices === "same" ? "floatSameClass" : "floatMixed";
  return { tolerance: TOLERANCES[name], test: FIXED_TESTS[name] };
};

const digestAt = (digests: Uint8Array, at: number): Uint8Array =>
  digests.subarray(DIGEST_BYTES * at, DIGEST_BYTES * (at + 1));

/**
 * The white paper's transformer in floats, whose bits differ between devices. A proof has a digest of every nonce, so that nobody can choose among
 * them; a sample of the digests is compared within a tolerance, and a dispute ends by vote. What counts is the number of nonces.
 */
export const floatProfile: SprintProfile = {
  size: (dials) => {
    const of = FLOAT_DIALS[dials];
    return { parameters: parametersOf(of), processorBytes: 4, flops: flopsOf(of), batch: BATCH };
  },
  mostNonces: MAX_PROVEN_NONCES,
  open: async ({ sprint, seed, device, signal }) => {
    const dials = FLOAT_DIALS[sprint.dials];
    const { tolerance } = classOf(sprint);
    const network = await openTransformer({ dials, seed, device, ...(signal && { signal }) });
    try {
      // Anybody's nonces will do, so long as everybody tries the same ones.
      acceptOutputs(await network.outputs(seed, count(0, SHARED_OUTPUTS)));
    } catch (thrown) {
      await network.dispose();
      throw thrown;
    }
    const evaluate = ({ publicKey, inputs, difficulty }: NonceTask, nonces: readonly number[]) =>
      evaluateNonces(network, { node: nodeSeed(publicKey, inputs), seed2: inputs, difficulty }, nonces);
    return {
      batch: network.batch,
      search: (task, range) => evaluate(task, count(range.first, range.count)),
      losers: async (task, { nonces, digests }) => {
        const own = (await evaluate(task, nonces)).digests;
        return nonces.filter(
          (_, at) => !digestsAgree(digestAt(own, at), digestAt(digests, at), dials.width, tolerance),
        );
      },
      dispose: network.dispose,
    };
  },
  maxBytes: maxNoncesFileBytes,
  check: (bytes, { sprint, expected, prefixes }, verify) => {
    const checked = checkNoncesFile(bytes, expected, prefixes, verify);
    if (!checked.ok) return checked;
    const { proof, digests } = checked.value;
    const { width } = FLOAT_DIALS[sprint.dials];
    const { wins, nonces: items, difficulty } = proof;
    if (!winsFitDigests(digests, wins, { width, difficulty })) return faulty("wins_unlike_digests");
    const claimed = (places: readonly number[]) => ({
      nonces: places,
      digests: Buffer.concat(places.map((at) => digestAt(digests, at))),
    });
    return { ok: true, value: { wins, items, claimed } };
  },
  items: ({ nonces }) => nonces,
  test: (sprint) => classOf(sprint).test,
  failure: {
    reason: "mismatch",
    text: (failed, checked) => `${failed.length} of ${checked} nonces have other outputs, the first is ${failed[0]}`,
  },
  accused: () => [],
  settle: settleByVote,
  measure: ({ nonces }, { sprint }) => ({
    weight: nonces,
    low: Math.floor(nonces * (1 - classOf(sprint).test.cheat)),
    high: nonces,
  }),
};

const count = (first: number, size: number): number[] => Array.from({ length: size }, (_, i) => first + i);
