/** What we use of Node's WebAssembly, which the type definitions of Node 20 leave out. */
declare namespace WebAssembly {
  const validate: (bytes: Uint8Array) => boolean;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Record<string, (...args: readonly number[]) => number>>;
  }
}
