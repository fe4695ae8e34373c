// The JSON values that pass a wall: plain data, no undefined, no prototypes.
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
