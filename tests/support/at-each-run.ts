import type { Device } from "#shared/engine/device.js";

/** A device that does something before each run of a program. */
export const atEachRun = (device: Device, act: () => void): Device => ({
  ...device,
  async compile(...given) {
    const built = await device.compile(...given);
    return {
      run: (...fed) => {
        act();
        return built.run(...fed);
      },
      dispose: () => built.dispose(),
    };
  },
});
