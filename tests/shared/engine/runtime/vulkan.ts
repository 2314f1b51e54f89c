import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where distributions put SwiftShader, a graphics card in software; Debian and Ubuntu ship it inside Chromium. */
const SWIFTSHADER = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
  "/usr/lib64/chromium-browser/vk_swiftshader_icd.json",
];

/** The environments in which a graphics card may be found: the machine as it is, and with SwiftShader where that is installed. */
export const graphicsEnvironments = (): readonly NodeJS.ProcessEnv[] => {
  const driver = SWIFTSHADER.find(existsSync);
  const software = driver && {
    ...process.env,
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
  };
  return software ? [process.env, software] : [process.env];
};
