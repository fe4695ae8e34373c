// The little of the WebAssembly interface that we use, which the types of Node leave out.
declare const module: unique symbol;
/** A compiled module: opaque. */
export interface WasmModule { readonly [module]: true }
export interface WasmInstance { readonly exports: Readonly<Record<string, unknown>> }

interface Interface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(compiled: WasmModule, imports: unknown): Promise<WasmInstance>;
}

export const webAssembly: Interface = (globalThis as unknown as { readonly WebAssembly: Interface }).WebAssembly;
