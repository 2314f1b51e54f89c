import type { ComputeAttack } from "../compute-attack.js";
import { blockProducer, lateContributor } from "./beacon.js";
import { commonPartFilter, precisionFilter, sparseNonces } from "./filters.js";
import { cappedBase, splitAboveCap, splitIdentities } from "./identities.js";
import { paddings } from "./padding.js";
import { prefixTricks } from "./prefix.js";
import { fastLoader, rentedWindow } from "./renting.js";
import { reportsItself } from "./reports-itself.js";
import { reusedProof } from "./reuse.js";
import { unheardSprints } from "./unheard-sprints.js";
import { againstRivals, alwaysValid, makesUp, neverAnswers, skipsTenth } from "./verifiers.js";

/** Every attack on proof of compute that we know of. */
export const computeAttacks: readonly ComputeAttack[] = [
  precisionFilter,
  commonPartFilter,
  sparseNonces,
  ...paddings,
  prefixTricks,
  reusedProof,
  rentedWindow,
  fastLoader,
  splitIdentities,
  splitAboveCap,
  cappedBase,
  alwaysValid,
  makesUp,
  neverAnswers,
  skipsTenth,
  againstRivals,
  unheardSprints,
  reportsItself,
  lateContributor,
  blockProducer,
];
