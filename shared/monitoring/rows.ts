import type { Row } from "./panel.js";
import { AGREEMENT } from "./rows/agreement.js";
import { CHAIN } from "./rows/chain.js";
import { FILES } from "./rows/files.js";
import { HEALTH } from "./rows/health.js";
import { JUDGING } from "./rows/judging.js";
import { OWN_SCORES } from "./rows/own-scores.js";
import { SPRINTS } from "./rows/sprints.js";
import { STANDING } from "./rows/standing.js";
import { SUBNET } from "./rows/subnet.js";
import { TRAINING } from "./rows/training.js";

/** Every panel, by row. A dashboard has those of its role, in this order. */
export const ROWS: readonly Row[] = [
  HEALTH,
  TRAINING,
  OWN_SCORES,
  JUDGING,
  SPRINTS,
  AGREEMENT,
  STANDING,
  SUBNET,
  CHAIN,
  FILES,
];
