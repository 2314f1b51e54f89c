import { table } from "#shared/cli/table.js";
import { bytes, percent } from "../format.js";
import type { Estimate, Figure } from "./compare-modes.js";

/** Losses are nats a token. */
export const describeModes = (figures: readonly Figure[]): string => {
  const head = ["routers trained", "group", "own choices", "mode", "whole model", "shard", "loss falls by"];
  return table([
    [...head, "against full", "ms a step", "memory"],
    ...figures.map(({ routers, group, ownChoices, mode, whole, shard, ...one }) => [
      routers,
      group,
      percent(ownChoices),
      mode,
      whole.toFixed(4),
      shard.toFixed(4),
      estimate(one.reduction),
      mode === "full" ? "" : estimate(one.againstFull),
      (1000 * one.stepSeconds).toFixed(0),
      one.peakMemory > 0 ? bytes(one.peakMemory) : "unknown",
    ]),
  ]);
};

const estimate = ({ mean, standardError }: Estimate): string => `${mean.toFixed(4)} ± ${standardError.toFixed(4)}`;
