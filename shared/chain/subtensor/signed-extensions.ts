/** Subtensor's own signed extensions: they check, and add nothing to what is signed. */
export const SIGNED_EXTENSIONS = Object.fromEntries(
  [
    "SubtensorTransactionExtension",
    "SubtensorSignedExtension",
    "CommitmentsSignedExtension",
    "DrandPriority",
    "ChargeTransactionPaymentWrapper",
    "SudoTransactionExtension",
    "CheckColdkeySwap",
    "CheckShieldedTxValidity",
  ].map((name) => [name, { extrinsic: {}, payload: {} }]),
);
