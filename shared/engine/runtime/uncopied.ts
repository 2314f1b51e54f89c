/**
 * ONNX Runtime writes outputs into the buffers that it is given. Its Node binding then copies each once more, into an array of its own
 * that nobody asked for, which takes longer than many a program and as much memory as all its outputs. It does so in the program's
 * order, and gives up at an output that is no tensor. So a program has one, before all others; a run that also asks for it has written
 * everything when the binding refuses, and nothing has been copied.
 */
export const isRefusalToCopy = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Non tensor type is temporarily not supported");
