import type { MinerConfig } from "../config.js";
import type { Found } from "./search.js";

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

/** What a miner of this behaviour claims. */
export const claimed = (behaviour: MinerConfig["behaviour"], found: Found): Found =>
  behaviour === "padder" ? padded(found) : found;
