/** Subtensor's own signed extensions. They check a transaction, and add nothing to the signed bytes. */
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
