import type { ContributionRules } from "#shared/protocol/network-file/contribution-rules.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { BeaconContext, FetchFile, ReadWeights } from "../source.js";

/** What making and opening contributions needs. */
export interface ContributionSource extends BeaconContext {
  readonly rules: ContributionRules;
  readonly weights: ReadWeights;
  readonly fetch: FetchFile;
  readonly verify: Verify;
}
