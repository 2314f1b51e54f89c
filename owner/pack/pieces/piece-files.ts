import { join } from "node:path";

const named = (folder: string, number: number, ending: string): string =>
  join(folder, `piece-${String(number).padStart(6, "0")}.${ending}`);

export const pieceFile = (folder: string, number: number): string => named(folder, number, "documents");
export const indexFile = (folder: string, number: number): string => named(folder, number, "index");
export const sealFile = (folder: string, number: number): string => named(folder, number, "json");
