export const deviceKinds = ["cpu", "webgpu", "cuda", "tfjs"] as const;

export type DeviceKind = (typeof deviceKinds)[number];

/** Values of the setting `device`. */
export const deviceChoices = ["auto", ...deviceKinds] as const;

export type DeviceChoice = (typeof deviceChoices)[number];
