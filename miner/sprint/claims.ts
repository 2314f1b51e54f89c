import type { ComputedNonces, NonceRange } from "#shared/compute/profile/profile.js";
import { DIGEST_BYTES } from "#shared/sprint/proof/nonces-tree.js";
import type { MinerConfig } from "../config.js";
import type { Found, SearchOptions } from "./search.js";

/** What a miner says that it found. */
type Claim = (found: Found) => Found;

/** Part of the true wins that a padder adds. */
const PADDING = 0.05;

/** Adds 5 % nonces that were tried and do not win, at least one, spread over all that were tried. */
const padded: Claim = ({ wins, nonces }) => {
  const claimed = new Set(wins);
  const most = wins.length + Math.max(1, Math.round(PADDING * wins.length));
  const stride = Math.max(1, Math.floor(nonces / most));
  for (let nonce = 0; nonce < nonces && claimed.size < most; nonce += stride) claimed.add(nonce);
  return { wins: [...claimed].sort((a, b) => a - b), nonces };
};

/** What a miner of this behaviour claims of the wins that it found. */
export const claimed = (behaviour: MinerConfig["behaviour"], found: Found): Found =>
  behaviour === "padder" ? padded(found) : found;

type Compute = SearchOptions["compute"];

/** Of a padder's nonces one in so many is not computed. */
const SKIPPED = 4;

/** Computes three nonces of four, and gives each fourth the digest of one before it, which is as probable a win. */
const skipping =
  (compute: Compute): Compute =>
  async ({ first, count }: NonceRange): Promise<ComputedNonces> => {
    const honest = Math.max(1, count - Math.floor(count / SKIPPED));
    const { wins, digests } = await compute({ first, count: honest });
    const made = Buffer.alloc(DIGEST_BYTES * count);
    made.set(digests);
    made.set(digests.subarray(0, DIGEST_BYTES * (count - honest)), DIGEST_BYTES * honest);
    const copied = wins.filter((nonce) => nonce - first < count - honest).map((nonce) => nonce + honest);
    return { wins: [...wins, ...copied], digests: made };
  };

/** How a miner of this behaviour computes nonces where its proof has all of them. */
export const computing = (behaviour: MinerConfig["behaviour"], compute: Compute): Compute =>
  behaviour === "padder" ? skipping(compute) : compute;
