import { readdirSync } from "node:fs";
import type { MinerConfig } from "../config.js";

/** A folder of which NVIDIA's driver for Linux makes an entry for each card. */
const DRIVER_CARDS = "/proc/driver/nvidia/gpus";

/** Cards that NVIDIA's driver for Linux knows; 0 where there is no such driver. */
export const countCards = (folder = DRIVER_CARDS): number => {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
};

/**
 * The cards that the replicas share out, as CUDA_VISIBLE_DEVICES names them: those that it lists, none where it is empty, and all
 * by number where it is not set.
 */
export const cardsOf = (listed: string | undefined, present: number): readonly string[] =>
  listed === undefined
    ? Array.from({ length: present }, (_, card) => `${card}`)
    : listed
        .split(",")
        .map((card) => card.trim())
        .filter((card) => card !== "");

/** What a replica's environment says of cards: the one it is to take, by turns; nothing where no card is known. */
export const cardOf = (replica: number, cards: readonly string[]): { readonly CUDA_VISIBLE_DEVICES?: string } => {
  const card = cards[replica % cards.length];
  return card === undefined ? {} : { CUDA_VISIBLE_DEVICES: card };
};

/** Whether some replicas would have to share a card. `auto` tries CUDA first. */
export const shareCards = (
  { device, workers }: Pick<MinerConfig, "device" | "workers">,
  cards: readonly string[],
): boolean => (device === "cuda" || device === "auto") && cards.length > 0 && workers > cards.length;
