import type { MinerCycle } from "../snapshot.js";
import { setText } from "./dom.js";

const SIGNS = { scored: "✔", rejected: "✖", abstained: "○" } as const;
const CLASSES = { scored: "good", rejected: "bad", abstained: "warn" } as const;

type Judged = Pick<MinerCycle, "verdict" | "reason" | "score">;

export const verdictText = (judged: Judged | null): string => {
  if (judged === null) return "not judged";
  const { verdict, reason, score } = judged;
  if (verdict === "scored") return score > 0 ? "scored" : "scored zero";
  return reason === null ? verdict : `${verdict}: ${reason}`;
};

/** A verdict by sign, word and colour. */
export const verdictCell = (cell: HTMLElement, judged: Judged | null): void => {
  cell.classList.remove(...Object.values(CLASSES));
  if (judged) cell.classList.add(judged.verdict === "scored" && judged.score <= 0 ? "warn" : CLASSES[judged.verdict]);
  setText(cell, judged ? `${SIGNS[judged.verdict]} ${verdictText(judged)}` : verdictText(null));
};
