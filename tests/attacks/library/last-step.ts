import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, plus } from "../arena/change.js";
import type { BaseView, Past } from "../attack.js";

/** The group's last step, or the one so many cycles earlier; null where there is none, or the group stood still. */
export const lastStep = (base: BaseView, past: readonly Past[], earlier = 0): Parameters | null => {
  const after = earlier === 0 ? base : past[earlier - 1]?.base;
  const before = past[earlier]?.base;
  if (!after || !before) return null;
  const step = plus(after.own, before.own, -1);
  return lengthOf(step) > 0 ? step : null;
};
