import type { ChainRecord } from "#shared/protocol/records.js";

const TYPES: Readonly<Record<ChainRecord["type"], true>> = {
  commit: true,
  reveal: true,
  report: true,
  held: true,
  ballot: true,
  model: true,
  enter: true,
  sprint: true,
  prefix: true,
  checks: true,
  checksheld: true,
  duty: true,
  answers: true,
  seal: true,
  sealheld: true,
  deal: true,
  group: true,
  partial: true,
  pulse: true,
  network: true,
};

/** The types of records that a signer may be told to allow: all that the protocol has. */
export const UNDERSTOOD_RECORDS = Object.keys(TYPES) as readonly ChainRecord["type"][];
