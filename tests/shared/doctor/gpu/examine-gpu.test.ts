import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { neededLibraries } from "#shared/doctor/gpu/needed-libraries.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { temporaryFolder } from "../../artifact/temporary.js";
import { complete, examined, LAZY, library, NEEDED, RUNTIME } from "./machine.js";

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const without = (...parts: readonly string[]) =>
  Object.fromEntries(Object.entries(complete()).filter(([path]) => !parts.some((part) => path.includes(part))));

describe("blockzero gpu doctor", () => {
  it("finds nothing missing where all is there, and checks the device", async (t) => {
    const { failures, of } = await examined(t, complete());
    assert.deepEqual(failures, []);
    assert.match(of("driver").says, /580\.95\.05, new enough for CUDA 13/);
    assert.match(of("cards").says, /NVIDIA H100/);
    assert.match(of("self-check").says, /20\.0 times as fast/);
  });

  it("says that there is no driver, and checks no device", async (t) => {
    const files = without("/proc/", "libcuda.so");
    const selfCheck = () => assert.fail("ran");
    const { failures, of } = await examined(t, files, { selfCheck });
    assert.deepEqual(failures, ["driver", "cards", "libcuda"]);
    assert.match(of("self-check").says, /not run/);
  });

  it("refuses a driver that is older than the provider's CUDA needs", async (t) => {
    const files = complete();
    files["/proc/driver/nvidia/version"] =
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n";
    const { failures, of } = await examined(t, files);
    assert.deepEqual(failures, ["driver"]);
    assert.match(of("driver").says, /535\.104\.05 is too old for CUDA 13/);
    assert.match(of("driver").remedy ?? "", /580\.65\.06/);
    const twelve = NEEDED.map((name) => name.replace(/\.13$/, ".12"));
    const older = {
      ...files,
      [`${RUNTIME}/libonnxruntime_providers_cuda.so`]: library(twelve),
      ...Object.fromEntries(
        [...twelve, "libcufft.so.11", "libnvrtc.so.12", "libnvJitLink.so.12"].map((name) => [
          `${LIBRARIES}/${name}`,
          "",
        ]),
      ),
    };
    assert.deepEqual((await examined(t, older)).failures, []);
  });

  it("takes the driver's word from nvidia-smi where /proc says nothing", async (t) => {
    const smi = async () => "NVIDIA L4, 570.133.20\nNVIDIA L4, 570.133.20\n";
    const { of } = await examined(t, without("/proc/"), { smi });
    assert.match(of("driver").says, /570\.133\.20 is too old/);
    assert.equal(of("cards").says, "NVIDIA L4, NVIDIA L4");
  });

  it("says how the provider is had without root", async (t) => {
    const { failures, of } = await examined(t, without("providers_cuda"));
    assert.deepEqual(failures, ["provider"]);
    assert.match(
      of("provider").remedy ?? "",
      /--target .* onnxruntime-gpu==1\.30\.0, then cp .* \/app\/bin\/linux\/x64\//,
    );
    const { of: damaged } = await examined(t, {
      ...complete(),
      [`${RUNTIME}/libonnxruntime_providers_cuda.so`]: "version https://git-lfs.github.com/spec/v1\n",
    });
    assert.match(damaged("provider").says, /no library of Linux/);
  });

  it("names the wheels of what is missing, by the versions that the provider asks for", async (t) => {
    const { failures, of } = await examined(t, without("libcudnn", "libcublasLt", "libcufft"));
    assert.deepEqual(failures, ["cuda", "cudnn"]);
    assert.equal(of("cuda").says, "missing: libcublasLt.so.13, libcufft.so.12");
    assert.match(of("cuda").remedy ?? "", /"nvidia-cublas~=13\.0" "nvidia-cufft~=12\.0"/);
    assert.match(of("cudnn").remedy ?? "", /"nvidia-cudnn-cu13~=9\.0"/);
  });

  it("says LD_LIBRARY_PATH where wheels are installed that the loader does not find", async (t) => {
    const wheels = Object.fromEntries([
      ...[...NEEDED, ...LAZY].map((name) => [`/home/me/packages/nvidia/cu13/lib/${name}`, ""]),
      ["/home/me/packages/nvidia/cudnn/lib/libcudnn.so.9", ""],
    ]);
    const bare = without("libcublas", "libcudart", "libcurand", "libcufft", "libnv", "libcudnn");
    const packages = ["/home/me/packages"];
    const { failures, of } = await examined(t, { ...bare, ...wheels }, { packages });
    assert.deepEqual(failures, ["cuda", "cudnn"]);
    assert.match(of("cuda").remedy ?? "", /LD_LIBRARY_PATH=\/home\/me\/packages\/nvidia\/cu13\/lib/);
    const env = { LD_LIBRARY_PATH: "/home/me/packages/nvidia/cu13/lib:/home/me/packages/nvidia/cudnn/lib" };
    assert.deepEqual((await examined(t, { ...bare, ...wheels }, { packages, env })).failures, []);
  });

  it("looks where ldconfig looks", async (t) => {
    const files = without("libcudnn.so.9");
    files["/etc/ld.so.conf"] = "include /etc/ld.so.conf.d/*.conf\n";
    files["/etc/ld.so.conf.d/cudnn.conf"] = "# cuDNN\n/opt/cudnn/lib\ninclude /etc/ld.so.conf\n";
    files["/opt/cudnn/lib/libcudnn.so.9"] = "";
    assert.deepEqual((await examined(t, files)).failures, []);
  });

  it("tells a device that does not agree", async (t) => {
    const selfCheck = async () => {
      throw new BlockZeroError("DEVICE_DISAGREES", "cuda computes another loss", "update the driver");
    };
    const { failures, of } = await examined(t, complete(), { selfCheck });
    assert.deepEqual(failures, ["self-check"]);
    assert.match(of("self-check").says, /another loss/);
  });

  it("says of other systems that they have no CUDA provider", async (t) => {
    for (const [platform, architecture] of [
      ["darwin", "arm64"],
      ["win32", "x64"],
      ["linux", "arm64"],
    ] as const) {
      const { outcomes } = await examined(t, {}, { platform, architecture });
      assert.deepEqual(
        outcomes.map(({ check, verdict }) => [check, verdict]),
        [["system", "failure"]],
      );
    }
  });
});

describe("the libraries that a library needs", () => {
  it("are read from its dynamic section", async (t) => {
    const path = join(temporaryFolder(t), "lib.so");
    writeFileSync(path, library(NEEDED));
    assert.deepEqual(await neededLibraries(path), NEEDED);
    const found = await neededLibraries(process.execPath);
    assert.ok(process.platform !== "linux" || found === null || found.some((name) => name.startsWith("lib")));
  });

  it("are none where it is no library, or cut short", async (t) => {
    const path = join(temporaryFolder(t), "lib.so");
    assert.equal(await neededLibraries(path), null);
    for (const bytes of [Buffer.alloc(0), Buffer.from("#!/bin/sh"), library(NEEDED).subarray(0, 100)]) {
      writeFileSync(path, bytes);
      assert.equal(await neededLibraries(path), null);
    }
    const endless = library(NEEDED);
    endless.writeBigUInt64LE(2n ** 62n, 120 + 32);
    writeFileSync(path, endless);
    assert.equal(await neededLibraries(path), null);
  });
});
