// What is wrong with a policy, and where; and the error that carries all of it.
import { DewarError, plainText, type ErrorBody } from '@dewar/protocol';

/** `row` and `col` count from 1; both are 0 where a fault is of the file or of the whole. All text may quote the policy: escape it at the rim. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly row: number;
  readonly col: number;
}

const longest = 300;

/** `quantum_policy.rego:12:3: undefined ref: input.shotz`. */
export function faultLine({ message, file, row, col }: Fault): string {
  const place = file === '' ? '' : `${file}${row > 0 ? `:${row}:${col}` : ''}: `;
  return plainText(`${place}${message.replaceAll('\n', ' ')}`, { max: longest });
}

/** A policy that is not loaded: `policy_invalid`, or `policy_cases_failed` when its own cases or tests say no. `faults` is never empty. */
export class PolicyRefused extends DewarError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly [Fault, ...Fault[]], code: 'policy_invalid' | 'policy_cases_failed' = 'policy_invalid') {
    const [first] = faults;
    const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
    const body: ErrorBody = {
      code, message: code === 'policy_invalid' ? 'the policy cannot be loaded' : 'the policy fails its own cases',
      got: `${faultLine(first)}${more}`, fix: code === 'policy_invalid' ? 'mend the policy at the place named' : 'mend the rule, or the case if it is the case that is wrong',
    };
    super(body);
    this.faults = faults;
  }
}

export function refuseIfAny(faults: readonly Fault[], code?: 'policy_invalid' | 'policy_cases_failed'): void {
  const [first, ...rest] = faults;
  if (first !== undefined) throw new PolicyRefused([first, ...rest], code);
}

export function fault(code: string, message: string, file = '', row = 0, col = 0): Fault {
  return { code, message, file, row, col };
}
