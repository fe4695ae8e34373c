// `dewar verify`: a receipt checked offline, against the keys pinned at the first `up` or one that is given.
import { DewarError } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { readNamed } from '../files.ts';
import { receiptLines } from '../receipt-text.ts';
import { readTrust, trustPath } from '../trust.ts';
import { example, type Verb } from '../verb.ts';

const receiptLimit = 4_194_304;
const pemLimit = 16_384;

export const verify: Verb = (program, run) => {
  program.command('verify')
    .description('check a receipt offline')
    .argument('<file>', 'the receipt')
    .option('--key <pem>', "a file with the signer's public key instead of the pinned one")
    .addHelpText('after', example('dewar verify receipt.json'))
    .action((file: string, options: { key?: string }) => run(async (context) => {
      const bytes = await readNamed(file, receiptLimit);
      const receiptKeys = [options.key === undefined ? await pinnedKey(context) : new TextDecoder().decode(await readNamed(options.key, pemLimit))];
      // Loaded here, since no other verb needs it.
      const { verifyReceipt } = await import('@dewar/receipt');
      const verified = verifyReceipt(bytes, { receiptKeys });
      context.output.answer({ verified: true, key: verified.key, statement: verified.statement }, () => receiptLines(verified, context.output.columns, options.key !== undefined));
    }));
};

async function pinnedKey({ home }: Context): Promise<string> {
  const trust = await readTrust(home);
  if (trust !== undefined) return trust.receipt_pem;
  throw new DewarError({
    code: 'key_unpinned', message: 'no key is pinned, so no receipt can be believed', got: trustPath(home), allowed: 'the keys that the first dewar up pins',
    fix: 'dewar up, or name the public key: dewar verify FILE --key broker.pem',
  });
}
