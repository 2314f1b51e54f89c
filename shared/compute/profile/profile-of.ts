import { BlockZeroError } from "#shared/errors/error.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { exactProfile } from "./exact-profile.js";
import type { SprintProfile } from "./profile.js";

/** The arithmetic of a network's Sprints. @throws BlockZeroError SPRINT_PROFILE_UNSUPPORTED */
export const profileOf = ({ profile }: Pick<Sprint, "profile">): SprintProfile => {
  if (profile === "exact") return exactProfile;
  throw new BlockZeroError(
    "SPRINT_PROFILE_UNSUPPORTED",
    `sprint.profile: ${profile} cannot be settled on chain`,
    "as the subnet's owner, take the profile exact",
  );
};
