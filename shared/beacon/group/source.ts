import type { Network } from "#shared/protocol/network.js";
import type { GroupRules } from "#shared/protocol/network-file/group-rules.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { BeaconContext, FetchFile } from "../source.js";
import type { GroupSchedule } from "./schedule.js";

/** What forming groups and reading their signatures needs. */
export interface GroupSource extends BeaconContext {
  readonly network: BeaconContext["network"] & Pick<Network, "first_cycle">;
  readonly rules: GroupRules;
  readonly fetch: FetchFile;
  readonly verify: Verify;
}

export const scheduleOf = ({ network: { first_cycle }, rules: { every } }: Pick<GroupSource, "network" | "rules">) =>
  ({ first_cycle, every }) satisfies GroupSchedule;
