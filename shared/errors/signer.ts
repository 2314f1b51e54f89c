import type { ErrorEntries } from "./entry.js";

export const signerErrors = {
  SIGNER_BUSY: {
    meaning:
      "The signer has given as many signatures as its file allows within a minute, or too much was sent at once.",
    remedy: "It is asked again; where this is usual, raise `rates.*` in the signer's file.",
  },
  SIGNER_CERTIFICATE_UNREADABLE: {
    meaning: "A certificate, or its key, is not there or not PEM.",
    remedy: "Name files in PEM: [signer.md](signer.md) shows how they are made.",
  },
  SIGNER_CONFLICT: {
    meaning: "The signer has signed something else for this cycle: two programs sign with one hotkey.",
    remedy: "Stop the other one; this cycle is left out.",
  },
  SIGNER_DRY_RUN: {
    meaning: "A dry run would take the signer's slots: what it signs could be sent.",
    remedy: "Run it with a key file, or without `dry_run`.",
  },
  SIGNER_JOURNAL_FAILED: {
    meaning: "The signer cannot write its journal, and so signs nothing that must not be signed twice.",
    remedy: "Free space where its `home` is, or let its user write there.",
  },
  SIGNER_MALFORMED: {
    meaning: "What answers in the signer's place is none, or of another version.",
    remedy: "Correct `wallet.signer`.",
  },
  SIGNER_REFUSED: {
    meaning: "The signer does not understand what it is asked to sign, or its file does not allow it.",
    remedy: "See its log; allow it in its file where it is wanted: [signer.md](signer.md).",
  },
  SIGNER_TIMEOUT: {
    meaning: "The signer does not answer in time.",
    remedy: "See whether it runs, and its log.",
  },
  SIGNER_TOKEN_INVALID: {
    meaning: "There is no token for a signer, or its file holds none.",
    remedy: "Make one with `openssl rand -hex 32`, for both sides.",
  },
  SIGNER_UNAUTHORIZED: {
    meaning: "The signer knows another token.",
    remedy: "Set `wallet.signer_token` to a copy of the file that the signer's `token` names.",
  },
  SIGNER_UNREACHABLE: {
    meaning: "The signer cannot be reached.",
    remedy: "Start it with `blockzero signer`, or correct `wallet.signer`.",
  },
  SIGNER_WRONG_KEY: {
    meaning: "The signer signs for another hotkey than the wallet's.",
    remedy: "Correct `wallet.signer`, or `wallet.name` and `wallet.hotkey`.",
  },
} as const satisfies ErrorEntries;
