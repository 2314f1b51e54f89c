import type { Sprint } from "#shared/protocol/sprint.js";
import { exactProfile } from "./exact-profile.js";
import { floatProfile } from "./float-profile.js";
import type { SprintProfile } from "./profile.js";

const PROFILES: Readonly<Record<Sprint["profile"], SprintProfile>> = { exact: exactProfile, float: floatProfile };

/** The arithmetic of a network's Sprints. */
export const profileOf = ({ profile }: Pick<Sprint, "profile">): SprintProfile => PROFILES[profile];
