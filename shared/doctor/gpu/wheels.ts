/** PyPI's package for each library of CUDA that the provider may ask for, since CUDA 13 and before. */
const PACKAGES: Readonly<Record<string, readonly [since13: string, before: string]>> = {
  libcudart: ["nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12"],
  libcublas: ["nvidia-cublas", "nvidia-cublas-cu12"],
  libcublasLt: ["nvidia-cublas", "nvidia-cublas-cu12"],
  libcurand: ["nvidia-curand", "nvidia-curand-cu12"],
  libcufft: ["nvidia-cufft", "nvidia-cufft-cu12"],
  libnvrtc: ["nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12"],
  libnvJitLink: ["nvidia-nvjitlink", "nvidia-nvjitlink-cu12"],
  libcudnn: ["nvidia-cudnn-cu13", "nvidia-cudnn-cu12"],
};

/** The version of a soname: 13 of `libcublas.so.13`. */
export const majorOf = (soname: string): number => Number(/\.so\.(\d+)/.exec(soname)?.[1] ?? Number.NaN);

/** Whether a soname is one of CUDA's own, the driver's apart. */
export const isOfCuda = (soname: string): boolean => Object.hasOwn(PACKAGES, soname.split(".so")[0]!);

/** What `pip install` takes for a library: the package, and the version that its soname names. */
export const wheelOf = (soname: string, cuda: number): string => {
  const pair = PACKAGES[soname.split(".so")[0]!];
  const name = pair === undefined ? soname : pair[cuda >= 13 ? 0 : 1];
  return `${name}~=${majorOf(soname)}.0`;
};

/** CUDA's libraries that the provider loads when it needs them; its file does not name them. */
export const lazyLibraries = (cuda: number): readonly string[] => [
  `libcufft.so.${cuda - 1}`,
  `libnvrtc.so.${cuda}`,
  `libnvJitLink.so.${cuda}`,
];
