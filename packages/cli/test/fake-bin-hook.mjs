// Loaded before the command in tests: what it spawns as the broker is the stand-in.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => (specifier === '@dewar/broker/bin' ? { url: new URL('./fake-bin.ts', import.meta.url).href, shortCircuit: true } : next(specifier, context)),
});
